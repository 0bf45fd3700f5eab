import { createServer } from 'node:net'

/** A port of 127.0.0.1 nobody listens on right now. Whoever asks should bind it soon. */
export const freePort = async (): Promise<number> => {
  const server = createServer()
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(0, '127.0.0.1', resolve)
  await listening
  const address = server.address()
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>()
  server.close(() => onClosed())
  await closed
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address.port
}
