import { LATEST_MICROVERSION, type Microversion } from '../model/requestContext.ts'
import { asciiJson } from './answers.ts'

/**
 * The version documents (contract 00). GET / is as hot as any call, because current clients make it
 * once per client object, so each document is rendered once per base.
 */
export class VersionDocuments {
  readonly #rendered = new Map<string, string>()

  /** GET /, answered with 300. */
  list(base: string, microversion: Microversion): string {
    return this.#document('list', base, microversion, (entry) =>
      microversion >= 1 ? { versions: [entry] } : { versions: { values: [entry] } },
    )
  }

  /** GET /v1. */
  one(base: string, microversion: Microversion): string {
    return this.#document('one', base, microversion, (entry) => ({ version: entry }))
  }

  #document(
    which: string,
    base: string,
    microversion: Microversion,
    wrap: (entry: object) => object,
  ): string {
    const key = `${which} ${Math.min(microversion, 1)} ${base}`
    const present = this.#rendered.get(key)
    if (present !== undefined) return present
    const made = asciiJson(wrap(versionEntry(base, microversion)))
    // With a blank host_href the base is the client's to choose: keep few.
    if (this.#rendered.size >= 64) this.#rendered.clear()
    this.#rendered.set(key, made)
    return made
  }
}

function versionEntry(base: string, microversion: Microversion): object {
  const links = [
    { rel: 'self', href: `${base}/v1/` },
    { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/' },
  ]
  if (microversion >= 1) {
    return {
      id: 'v1',
      status: 'CURRENT',
      min_version: '1.0',
      max_version: `1.${LATEST_MICROVERSION}`,
      links,
    }
  }
  const mediaType = {
    base: 'application/json',
    type: 'application/vnd.openstack.key-manager-v1+json',
  }
  return { id: 'v1', status: 'stable', 'media-types': [mediaType], links }
}
