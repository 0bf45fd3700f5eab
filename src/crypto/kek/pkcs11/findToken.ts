import {
  CKF_TOKEN_INITIALIZED,
  CKF_USER_PIN_COUNT_LOW,
  CKF_USER_PIN_FINAL_TRY,
  CKF_USER_PIN_LOCKED,
  type Cryptoki,
  type Slot,
  type TokenInfo,
} from './cryptoki.ts'
import type { HsmProbe, ProbedToken, TokenChoice, TokenFacts } from './hsmMessages.ts'
import { mechanismsOf } from './mechanisms.ts'

export interface FoundToken {
  readonly slot: Slot
  readonly info: TokenInfo
  readonly facts: TokenFacts
}

/** It may come back: another try later is worth it. */
export class NoToken extends Error {}

/** The token that is meant. @throws NoToken */
export function findToken(cryptoki: Cryptoki, choice: TokenChoice): FoundToken {
  const tokens = tokensOf(cryptoki).filter(({ info }) => isInitialized(info))
  const found = matching(tokens, choice)
  const [token, another] = found
  if (token === undefined) {
    const there = tokens.map(({ facts }) => wordsOf(facts)).join('; ') || 'none'
    throw new NoToken(`There is no token ${wordsOfChoice(choice)}; there are: ${there}.`)
  }
  if (another === undefined) return token
  throw new NoToken(
    `${found.length} tokens are ${wordsOfChoice(choice)} (${found.map(({ facts }) => wordsOf(facts)).join('; ')}): token_serial_number tells them apart.`,
  )
}

function matching(tokens: readonly FoundToken[], choice: TokenChoice): readonly FoundToken[] {
  const { serial, labels, slotId } = choice
  if (serial !== undefined) return tokens.filter(({ facts }) => facts.serial === serial)
  if (labels.length > 0) {
    const found = labels.map((label) => tokens.filter(({ facts }) => facts.label === label))
    return found.find((some) => some.length > 0) ?? []
  }
  if (slotId !== undefined) return tokens.filter(({ facts }) => facts.slotId === String(slotId))
  return tokens
}

function wordsOfChoice({ serial, labels, slotId }: TokenChoice): string {
  if (serial !== undefined) return `with the serial number ${serial}`
  if (labels.length > 0) return `with the label ${labels.join(' or ')}`
  if (slotId !== undefined) return `in slot ${slotId}`
  return 'that is initialized'
}

function wordsOf({ label, serial, slotId }: TokenFacts): string {
  return `${label}, serial number ${serial}, slot ${slotId}`
}

function tokensOf(cryptoki: Cryptoki): readonly FoundToken[] {
  return cryptoki.C_GetSlotList(true).map((slot) => {
    const info = cryptoki.C_GetTokenInfo(slot)
    const facts = {
      slotId: String(slot.readBigUInt64LE()),
      label: info.label.trim(),
      serial: printable(info.serialNumber),
      manufacturer: info.manufacturerID.trim(),
      model: info.model.trim(),
    }
    return { slot, info, facts }
  })
}

/** Padded with blanks by the standard, with zeros by some. */
function printable(text: string): string {
  return text.replaceAll('\0', ' ').trim()
}

function isInitialized({ flags }: TokenInfo): boolean {
  return (flags & CKF_TOKEN_INITIALIZED) !== 0
}

/** What is there, without logging in. */
export function probeTokens(cryptoki: Cryptoki): HsmProbe {
  const { manufacturerID, libraryDescription, libraryVersion } = cryptoki.C_GetInfo()
  const { major, minor } = libraryVersion
  return {
    library: `${libraryDescription.trim()} ${major}.${minor}`,
    manufacturer: manufacturerID.trim(),
    tokens: tokensOf(cryptoki).map(
      ({ slot, info, facts }): ProbedToken => ({
        ...facts,
        isInitialized: isInitialized(info),
        mechanisms: [...mechanismsOf(cryptoki, slot)],
        maxSessions: info.maxSessionCount,
        pin: pinStateOf(info),
      }),
    ),
  }
}

export function pinStateOf({ flags }: TokenInfo): ProbedToken['pin'] {
  if ((flags & CKF_USER_PIN_LOCKED) !== 0) return 'locked'
  if ((flags & CKF_USER_PIN_FINAL_TRY) !== 0) return 'one try left'
  return (flags & CKF_USER_PIN_COUNT_LOW) === 0 ? 'right last time' : 'wrong last time'
}
