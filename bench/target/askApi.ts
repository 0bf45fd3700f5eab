/** What the fixture lacks is made through the API. @throws Error unless the answer is a good one */
export async function askApi(
  token: string,
  method: 'POST' | 'PUT',
  url: string,
  body: unknown,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetch(url, {
    method,
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      'X-Auth-Token': token,
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`)
  return text === '' ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>)
}

/** The id at the end of a reference. */
export function idIn(answer: Readonly<Record<string, unknown>>, property: string): string {
  const reference = answer[property]
  if (typeof reference !== 'string') throw new Error(`an answer without ${property}`)
  return reference.slice(reference.lastIndexOf('/') + 1)
}
