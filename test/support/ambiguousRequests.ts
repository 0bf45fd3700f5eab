/** What hides behind each of them. */
export const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n'
const CHUNKED = 'Transfer-Encoding: chunked'
const withHeaders = (...lines: readonly string[]): string =>
  `POST /seen HTTP/1.1\r\nHost: localhost\r\n${lines.join('\r\n')}\r\n\r\n0\r\n\r\n${HIDDEN}`

/** What two servers in a row could take for different requests. */
export const AMBIGUOUS: Readonly<Record<string, string>> = {
  'a length and chunks': withHeaders('Content-Length: 5', CHUNKED),
  'chunks and a length': withHeaders(CHUNKED, 'Content-Length: 5'),
  'two lengths that differ': withHeaders('Content-Length: 5', 'Content-Length: 6'),
  'two lengths that agree': withHeaders('Content-Length: 5', 'Content-Length: 5'),
  'a list of lengths': withHeaders('Content-Length: 5, 5'),
  'a length with a plus': withHeaders('Content-Length: +5'),
  'a negative length': withHeaders('Content-Length: -5'),
  'a length in hex': withHeaders('Content-Length: 0x5'),
  'an empty length': withHeaders('Content-Length:'),
  'chunks that are not the last coding': withHeaders('Transfer-Encoding: chunked, identity'),
  'two transfer codings': withHeaders(CHUNKED, 'Transfer-Encoding: identity'),
  'chunked twice': withHeaders(CHUNKED, CHUNKED, 'Content-Length: 5'),
  'a coding that only looks like chunked': withHeaders('Transfer-Encoding: xchunked'),
  'chunked after a vertical tab': withHeaders(
    'Transfer-Encoding: \x0bchunked',
    'Content-Length: 5',
  ),
  'a blank before the colon': withHeaders('Transfer-Encoding : chunked', 'Content-Length: 5'),
  'a folded line': withHeaders('X-A: b', ' c', 'Content-Length: 5'),
  'a coding on a folded line': withHeaders('Transfer-Encoding:', ' chunked', 'Content-Length: 5'),
  'a folded first line': `GET /seen HTTP/1.1\r\n X-A: b\r\nHost: localhost\r\n\r\n${HIDDEN}`,
  'a bare LF after a header': `GET /seen HTTP/1.1\r\nHost: localhost\nX-A: b\r\n\r\n${HIDDEN}`,
  'a bare LF after the first line': `GET /seen HTTP/1.1\nHost: localhost\r\n\r\n${HIDDEN}`,
  'bare LFs alone': `GET /seen HTTP/1.1\nHost: localhost\n\n${HIDDEN}`,
  'a bare CR in a header': `GET /seen HTTP/1.1\r\nHost: localhost\r\nX-A: b\rX-C: d\r\n\r\n${HIDDEN}`,
  'a NUL in a header': `GET /seen HTTP/1.1\r\nHost: localhost\r\nX-A: b\0c\r\n\r\n${HIDDEN}`,
  'a header without a name': withHeaders(': value', 'Content-Length: 5'),
  'a header without a colon': withHeaders('Nonsense', 'Content-Length: 5'),
  'no Host': `GET /seen HTTP/1.1\r\n\r\n${HIDDEN}`,
  'two Hosts': `GET /seen HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n${HIDDEN}`,
  'a chunk size with a sign': chunks('+5\r\nhello\r\n0\r\n\r\n'),
  'a chunk size in 0x': chunks('0x5\r\nhello\r\n0\r\n\r\n'),
  'a chunk size followed by blanks': chunks('5 \r\nhello\r\n0\r\n\r\n'),
  'a chunk that ends in a bare LF': chunks('5\nhello\r\n0\r\n\r\n'),
  'a chunk longer than it says': chunks('5\r\nhello!!\r\n0\r\n\r\n'),
  'a chunk of 2^64': chunks('10000000000000005\r\nhello\r\n0\r\n\r\n'),
  'a version nobody has': `GET /seen HTTP/1.9\r\nHost: localhost\r\n\r\n${HIDDEN}`,
  'chunks in HTTP/1.0': `POST /seen HTTP/1.0\r\nHost: localhost\r\n${CHUNKED}\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${HIDDEN}`,
}

function chunks(text: string): string {
  return `POST /seen HTTP/1.1\r\nHost: localhost\r\n${CHUNKED}\r\n\r\n${text}${HIDDEN}`
}
