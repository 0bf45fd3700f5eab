import { isIP } from 'node:net'
import type { ValueKind } from '../valueKinds.ts'

function commaSeparated(
  wants: string,
  item: (text: string) => string | undefined,
): ValueKind<readonly string[]> {
  return {
    wants,
    blankIsUnset: false,
    isMulti: false,
    parse: (texts) => {
      const given = (texts.at(-1) ?? '').split(',').map((part) => part.trim())
      const items = given.filter((part) => part !== '').map(item)
      const known = items.filter((part) => part !== undefined)
      return known.length === items.length ? known : undefined
    },
    print: (items) => [items.join(',')],
  }
}

/** Addresses and networks, and the word `unix`. */
export const networks = commaSeparated(
  'a comma-separated list of IP addresses, networks such as 10.0.0.0/24, and `unix`',
  (text) => {
    if (text === 'unix') return text
    const [address = '', bits, ...more] = text.split('/')
    const family = isIP(address)
    if (family === 0 || more.length > 0) return undefined
    if (bits === undefined) return text
    return /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128) ? text : undefined
  },
)

/** Names as TLS carries them: a first label may be a star. */
export const serverNames = commaSeparated(
  'a comma-separated list of host names; the first label of one may be *',
  (text) =>
    /^(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/i.test(text)
      ? text.toLowerCase()
      : undefined,
)

/** Key exchange that forgets, and encryption that notices changes. */
const MODERN_SUITE = /^ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM-SHA(256|384)|CHACHA20-POLY1305)$/

export const cipherList: ValueKind<readonly string[]> = {
  wants:
    'names such as ECDHE-ECDSA-AES256-GCM-SHA384 or ECDHE-RSA-CHACHA20-POLY1305, separated by colons',
  blankIsUnset: true,
  isMulti: false,
  parse: (texts) => {
    const names = (texts.at(-1) ?? '').split(':').map((name) => name.trim())
    return names.every((name) => MODERN_SUITE.test(name)) ? names : undefined
  },
  print: (names) => [names.join(':')],
}

export const fileMode: ValueKind<number> = {
  wants: 'an octal mode such as 0660',
  blankIsUnset: true,
  isMulti: false,
  parse: (texts) => {
    const given = (texts.at(-1) ?? '').trim()
    return /^0?[0-7]{3}$/.test(given) ? Number.parseInt(given, 8) : undefined
  },
  print: (mode) => [mode.toString(8).padStart(4, '0')],
}
