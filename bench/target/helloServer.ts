/* `node helloServer.ts PORT`: what a bare node:http costs. 32 bytes, as limits and papers have it. */
import { createServer } from 'node:http'

const body = Buffer.from('hello, this is 32 bytes of text\n')
createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length })
  response.end(body)
}).listen(Number(process.argv[2]), '127.0.0.1')
