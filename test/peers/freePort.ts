import { randomInt } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

/** Where a kernel does not say otherwise. */
const EPHEMERAL = [32_768, 60_999] as const
const LOWEST = 10_000
const HIGHEST = 65_535
const TRIES = 200

const claims = new Set<Socket>()

/**
 * A port of 127.0.0.1 on which nobody listens, and which nobody is given while this process lives, however late it
 * is bound and however often its server is stopped and started. It is none of those that the kernel gives to outgoing
 * connections: one of theirs would be taken by any client between two starts. A UDP socket of the same number is the
 * claim, which other test processes run into and TCP knows nothing of.
 */
export const freePort = async (): Promise<number> => {
  const [first, last] = outsideOf(ephemeral())
  for (let time = 0; time < TRIES; time += 1) {
    const port = randomInt(first, last + 1)
    const claim = createSocket('udp4').unref()
    if (await isBound(claim, port)) {
      if (await isUnused(port)) {
        claims.add(claim)
        return port
      }
      claim.close()
    }
  }
  throw new Error(`no port between ${first} and ${last} is free`)
}

const ephemeral = (): readonly [first: number, last: number] => {
  try {
    const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
    const [first, last] = range.trim().split(/\s+/).map(Number)
    return [first ?? EPHEMERAL[0], last ?? EPHEMERAL[1]]
  } catch {
    return EPHEMERAL
  }
}

/** The larger side; where the kernel keeps nearly all to itself, anything is as good. */
const outsideOf = ([first, last]: readonly [number, number]): readonly [number, number] => {
  const [below, above] = [first - LOWEST, HIGHEST - last]
  if (Math.max(below, above) < 1_000) return [LOWEST, HIGHEST]
  return below >= above ? [LOWEST, first - 1] : [last + 1, HIGHEST]
}

const isBound = async (claim: Socket, port: number): Promise<boolean> => {
  try {
    claim.bind({ port, address: '127.0.0.1', exclusive: true })
    await once(claim, 'listening')
    return true
  } catch {
    return false
  }
}

/** On no address of this machine. */
const isUnused = async (port: number): Promise<boolean> => {
  const server = createServer()
  try {
    await once(server.listen({ port, host: '0.0.0.0', exclusive: true }), 'listening')
  } catch {
    return false
  }
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return true
}
