declare const SEALS: unique symbol;

/**
 * Text that only the holder of a key can read: `enc:1:{key id}:{base64url}`. It is bound to the table, column and row that it
 * was sealed for. What is personal and goes through the engine has this type; the place alone does not make it one.
 */
export type Sealed = string & { readonly [SEALS]: true };

const SHAPE = /^enc:1:([\w.-]{1,64}):([\w-]+)$/;

/** Whether a value is sealed: its prefix alone says so. */
export const isSealed = (value: string): value is Sealed => value.startsWith('enc:1:');

export const writeSealed = (keyId: string, inBase64Url: string): Sealed =>
  `enc:1:${keyId}:${inBase64Url}` as Sealed;

/** Null where it says that it is sealed, and is cut off or of another making. */
export function parseSealed(value: Sealed): { readonly keyId: string; readonly inBase64Url: string } | null {
  const [, keyId, inBase64Url] = SHAPE.exec(value) ?? [];
  return keyId === undefined || inBase64Url === undefined ? null : { keyId, inBase64Url };
}
