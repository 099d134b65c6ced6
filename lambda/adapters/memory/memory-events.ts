import type { EventPublisher, PublishedEvent } from '../../ports/runtime';

export class MemoryEvents implements EventPublisher {
  readonly published: PublishedEvent[] = [];

  publish(event: PublishedEvent): Promise<void> {
    this.published.push(event);
    return Promise.resolve();
  }
}
