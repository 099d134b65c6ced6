import { EventBridgeClient, type EventBridgeClientConfig, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { EVENT_SOURCE } from '../../../contract/events';
import type { EventPublisher, PublishedEvent } from '../../../ports/runtime';

export interface EventBridgePublisherOptions {
  /** @default the account's default bus */
  readonly eventBusName?: string;
  readonly client?: EventBridgeClientConfig;
}

export class EventBridgePublisher implements EventPublisher {
  private readonly client: EventBridgeClient;
  private readonly eventBusName: string | undefined;

  constructor({ eventBusName, client = {} }: EventBridgePublisherOptions = {}) {
    this.client = new EventBridgeClient(client);
    this.eventBusName = eventBusName;
  }

  async publish({ detailType, resources, detail }: PublishedEvent): Promise<void> {
    const { FailedEntryCount = 0, Entries } = await this.client.send(
      new PutEventsCommand({
        Entries: [
          {
            Source: EVENT_SOURCE,
            DetailType: detailType,
            Resources: [...resources],
            Detail: JSON.stringify(detail),
            EventBusName: this.eventBusName,
          },
        ],
      }),
    );
    // A refused event comes with status 200.
    if (FailedEntryCount === 0) return;
    const { ErrorCode = 'unknown', ErrorMessage = '' } = Entries?.[0] ?? {};
    throw new Error(`EventBridge refused the event "${detailType}": ${ErrorCode} ${ErrorMessage}`);
  }
}
