declare module 'asl-validator' {
  interface Result {
    readonly isValid: boolean;
    readonly errors: readonly { readonly message: string }[];
  }
  export default function validate(definition: unknown, options?: { checkPaths?: boolean; checkArn?: boolean }): Result;
}
