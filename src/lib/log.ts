/**
 * What may stand beside a message: facts of plain types, and errors. Bytes, keys and objects are no
 * log values, so a payload or a token's record cannot be logged by handing it over.
 */
export type LogValue = string | number | boolean | bigint | null | undefined | Error
export type LogFields = Readonly<Record<string, LogValue>>

/** `message` is a constant sentence; what varies goes into `fields`. The error of a line is `{ error }`. */
export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  fatal(fields: LogFields, message: string): void
}
