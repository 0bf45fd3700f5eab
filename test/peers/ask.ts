export interface Question {
  readonly method?: string
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly json?: unknown
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** One request; every status is an answer. */
export const ask = async (url: string, question: Question = {}): Promise<Answer> => {
  const headers = new Headers(question.headers)
  if (question.token !== undefined) headers.set('X-Auth-Token', question.token)
  if (question.json !== undefined) headers.set('Content-Type', 'application/json')
  const response = await fetch(url, {
    method: question.method ?? 'GET',
    headers,
    ...(question.json === undefined ? {} : { body: JSON.stringify(question.json) }),
    signal: AbortSignal.timeout(60_000),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** Creates a text secret and returns its href. */
export const store = async (url: string, token: string, payload: string): Promise<string> => {
  const json = { payload, payload_content_type: 'text/plain' }
  const answer = await ask(`${url}/v1/secrets`, { method: 'POST', token, json })
  if (answer.status !== 201) throw new Error(`no secret was made: ${answer.status} ${answer.text}`)
  return (JSON.parse(answer.text) as { readonly secret_ref: string }).secret_ref
}
