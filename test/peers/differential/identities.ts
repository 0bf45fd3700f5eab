const UUID = /[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}/gi

const canonical = (found: string): string => {
  const hex = found.replaceAll('-', '').toLowerCase()
  return [8, 12, 16, 20, 32]
    .map((end, index, ends) => hex.slice(ends[index - 1] ?? 0, end))
    .join('-')
}

/** In the spelling of `like`: without dashes, in capitals. */
const spelled = (id: string, like: string): string => {
  const dashed = like.includes('-') ? id : id.replaceAll('-', '')
  return like === like.toUpperCase() ? dashed.toUpperCase() : dashed
}

/**
 * Which id of Barbican's is which of ours. Both sides make their own; they are learned in pairs from
 * answers, at the same place of the same document, and from then on one must stand for the other.
 */
export class Identities {
  readonly #ours = new Map<string, string>()
  readonly #theirs = new Map<string, string>()

  /** A text of Barbican's world, address and ids included, said in ours. */
  translated(text: string, theirBase: string, ourBase: string): string {
    return text.replaceAll(theirBase, ourBase).replaceAll(UUID, (found) => {
      const ours = this.#ours.get(canonical(found))
      return ours === undefined ? found : spelled(ours, found)
    })
  }

  /** Learns ids that neither side has named before. True when the two texts name the same things. */
  match(theirs: string, ours: string): boolean {
    const left = theirs.match(UUID) ?? []
    const right = ours.match(UUID) ?? []
    if (left.length !== right.length) return false
    const isAlike = left.every((id, index) => this.#pair(id, right[index] ?? ''))
    return isAlike && theirs.replaceAll(UUID, '{id}') === ours.replaceAll(UUID, '{id}')
  }

  #pair(left: string, right: string): boolean {
    const [theirs, ours] = [canonical(left), canonical(right)]
    const known = this.#ours.get(theirs)
    if (known !== undefined || this.#theirs.has(ours)) return known === ours
    // What a request made up is the same on both sides, and nobody's own.
    if (theirs === ours) return true
    this.#ours.set(theirs, ours)
    this.#theirs.set(ours, theirs)
    return true
  }
}
