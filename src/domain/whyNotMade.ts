import { keyLengths } from './keyAlgorithms.ts'
import { keyPairAlgorithm } from './keyPairAlgorithms.ts'
import type { NewKeyOrder, NewKeyPairOrder, NewOrder } from './newOrder.ts'
import { flawOfPassphrase } from './passphrase.ts'

const FAILED = 'Process TypeOrder issue seen'

/** Why an order can never be made, at most 255 characters; undefined when it can. */
export function whyNotMade(input: NewOrder): string | undefined {
  const reason = input.type === 'key' ? whyNoKey(input) : whyNoKeyPair(input)
  return reason === undefined ? undefined : `${FAILED} - ${reason}.`
}

function whyNoKey({ algorithm, bitLength, mode }: NewKeyOrder): string | undefined {
  const lengths = keyLengths(algorithm, mode)
  if (lengths === undefined) return `no secret store makes keys for algorithm ${shown(algorithm)}`
  if (lengths.includes(bitLength)) return undefined
  return `${algorithm} keys have ${lengths.join(', ')} bits, not ${bitLength}`
}

function whyNoKeyPair({ algorithm, bitLength, passphrases }: NewKeyPairOrder): string | undefined {
  const known = keyPairAlgorithm(algorithm)
  if (known === undefined) {
    return `no secret store makes key pairs for algorithm ${shown(algorithm)}`
  }
  if (!known.specs.has(bitLength)) {
    return `${algorithm} keys have ${[...known.specs.keys()].join(', ')} bits, not ${bitLength}`
  }
  return flawOfPassphrase(passphrases)
}

/** By code points: half a surrogate pair does not survive the database. */
function shown(algorithm: string): string {
  return [...algorithm].slice(0, 100).join('')
}
