/** What a page is made of, whoever renders it. Text may hold `code` and [links](target). */
export type Block =
  | { readonly heading: string; readonly level: 1 | 2 | 3; readonly id: string }
  | { readonly text: string }
  | { readonly list: readonly string[] }
  | { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly code: string }

export interface Page {
  /** Name of its file, without an ending. */
  readonly name: string
  readonly title: string
  readonly blocks: readonly Block[]
}
