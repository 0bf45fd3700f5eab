import { KEK_STORE_KIND_NAMES, KEK_STORE_KINDS, type KekStoreKind } from './kekStoreKinds.ts'
import type { Mistake } from './settingsMistake.ts'
import type { Origin } from './settingsResolver.ts'

interface Resolver {
  originOf(section: string, option: string): Origin
  /** Of options that are not ours as well. */
  givenTo(
    section: string,
    option: string,
  ): { readonly texts: readonly string[]; readonly where: string } | undefined
}

/**
 * What Barbican's own options say about the one secret store. A keyring file that silently took the place of an HSM
 * or a vault would be found out years later, so whoever has said something else has to say it in our words.
 */
export function pluginMistakes(kind: KekStoreKind, resolver: Resolver): readonly Mistake[] {
  if (resolver.originOf('secretstore', 'kek_store').kind === 'given') return []
  return [
    wrongPlugin(resolver, 'secretstore', 'enabled_secretstore_plugins', (plugin) =>
      plugin === 'store_crypto'
        ? undefined
        : 'which keeps payloads elsewhere; here they lie sealed in the database',
    ),
    wrongPlugin(resolver, 'crypto', 'enabled_crypto_plugins', (plugin) =>
      pluginsOf(kind).includes(plugin)
        ? undefined
        : `and a ${kind} would take the place of what it names`,
    ),
  ].flatMap((mistake) => mistake ?? [])
}

function wrongPlugin(
  resolver: Resolver,
  section: string,
  option: string,
  judge: (plugin: string) => string | undefined,
): Mistake | undefined {
  const given = resolver.givenTo(section, option)
  // Barbican takes the first that it can use.
  const [plugin] = (given?.texts ?? []).flatMap((text) => text.split(',')).flatMap(named)
  const wrong = plugin === undefined ? undefined : judge(plugin)
  if (given === undefined || plugin === undefined || wrong === undefined) return undefined
  const meant = KEK_STORE_KIND_NAMES.find((kind) => pluginsOf(kind).includes(plugin))
  const instead =
    meant === undefined
      ? `[secretstore] kek_store = ${KEK_STORE_KIND_NAMES.join(' or ')}, the KEK stores of this release`
      : `[secretstore] kek_store = ${meant}, and what it needs in [${meant}]`
  const shown = JSON.stringify(plugin.slice(0, 60))
  return {
    where: given.where,
    what: `[${section}] ${option} is ${shown}, ${wrong}: write ${instead}`,
  }
}

function named(text: string): readonly string[] {
  const name = text.trim().replaceAll(/^['"]|['"]$/g, '')
  return name === '' ? [] : [name]
}

function pluginsOf(kind: KekStoreKind): readonly string[] {
  return KEK_STORE_KINDS[kind].cryptoPlugins
}
