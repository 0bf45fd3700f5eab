import type { SectionValues, StoreCheck } from './kekStoreKinds.ts'
import type { simpleCryptoSection } from './sections/secretStores.ts'

/** What Barbican used for years when nobody set a `kek`: every copy of its source holds it. */
const PUBLIC_KEK = 'dGhpcnR5X3R3b19ieXRlX2tleWJsYWhibGFoYmxhaGg'
/** 32 bytes; either alphabet of base64, as the library behind Barbican reads it. */
const FORM = /^[A-Za-z0-9_+/-]{43}=$/

/** For [simple_crypto_plugin], where it is in use. No sentence holds a key. */
export const SIMPLE_CRYPTO_CHECKS: readonly StoreCheck<
  SectionValues<typeof simpleCryptoSection>
>[] = [{ option: 'kek', judge: ({ kek }) => wrongKeks(kek) }]

export function publicKekWarning(keks: readonly string[]): string | undefined {
  return keks.slice(1).some(isPublic)
    ? 'kek holds the default of old Barbican releases, which everybody has: what it wrapped is readable by whoever has a copy of the database, until it is wrapped anew under the first one.'
    : undefined
}

function wrongKeks(keks: readonly string[]): string | undefined {
  if (keks.length === 0) {
    return 'is missing, and kek_store is simple_crypto: give the line of barbican.conf'
  }
  const odd = keks.findIndex((kek) => !FORM.test(kek))
  if (odd >= 0) {
    return `is no key where it stands for the ${ordinal(odd)} time: 32 bytes in URL-safe base64 are wanted, which are 44 characters`
  }
  const [first = ''] = keks
  if (isPublic(first)) {
    return 'begins with the default of old Barbican releases, which everybody has: put a key of your own before it (head -c 32 /dev/urandom | base64 | tr +/ -_), and leave this one behind it for as long as something is wrapped by it'
  }
  const plain = keks.map(alike)
  const twice = plain.findIndex((kek, index) => plain.indexOf(kek) !== index)
  return twice < 0 ? undefined : `gives one key twice: the ${ordinal(twice)} is there before`
}

function isPublic(kek: string): boolean {
  return alike(kek) === PUBLIC_KEK
}

/** One text for one key. */
function alike(kek: string): string {
  return Buffer.from(kek, 'base64url').toString('base64url')
}

function ordinal(index: number): string {
  return ['first', 'second', 'third'][index] ?? `${index + 1}th`
}
