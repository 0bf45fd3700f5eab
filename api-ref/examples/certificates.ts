import type { Example } from '../writer/example.ts'

/** Of a load balancer, until 2026-01-20, issued by the CA below; nobody keeps their keys. */
const CERTIFICATE = pem([
  '-----BEGIN CERTIFICATE-----',
  'MIIBLzCB16ADAgECAgkAtfkjCDMn/tYwCgYIKoZIzj0EAwIwDTELMAkGA1UEAxMC',
  'Y2EwHhcNMjYwMTAxMDAwMDAwWhcNMjYwMTIwMDAwMDAwWjANMQswCQYDVQQDEwJs',
  'YjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHwilrg4ZMyz/hwL59PRrqZ7hjs2',
  '8irGtNLjd6atCrT4VQyFlfxgCes39rnhEU+dk0PhgxR/lX9k+IbLtL+Y9jqjIDAe',
  'MAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgeAMAoGCCqGSM49BAMCA0cAMEQC',
  'ID77DJVMGgkdpDzboTAv4O4YRj15PiimjW7b9iDiMyIPAiBp9FGUxoaW7aqW4+rd',
  'UtlBq6kQgqLkL8eMxgLjZC8GyA==',
  '-----END CERTIFICATE-----',
])
const CA = pem([
  '-----BEGIN CERTIFICATE-----',
  'MIIBMTCB2aADAgECAgg5XDAttvhrvjAKBggqhkjOPQQDAjANMQswCQYDVQQDEwJj',
  'YTAeFw0yNjAxMDEwMDAwMDBaFw0zNjAxMDEwMDAwMDBaMA0xCzAJBgNVBAMTAmNh',
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEATKMIUdbgSkbTVwnVz7q4lb/zyya',
  'nhmRXw9j1MOVURqj+oezzpV4646ZBcZmBi8+gL8IMqiP62GoAxegSQOCKaMjMCEw',
  'DwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwCgYIKoZIzj0EAwIDRwAw',
  'RAIgTdGhYOu13YlQfpt3cEEfCNHPy/caaPoIu+fxrvg5PMcCIBMX00zKkzYJpel2',
  '55dUP9jV5OsI73/ZLwCJ4ZJ2MaCU',
  '-----END CERTIFICATE-----',
])

export const certificateExamples: readonly Example[] = [
  {
    title: 'Store a certificate',
    request: 'POST /v1/secrets',
    body: {
      name: 'lb',
      secret_type: 'certificate',
      payload: CERTIFICATE,
      payload_content_type: 'text/plain',
    },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/secrets/1c0f2a4e-6b8d-4f1a-9c3e-5d7f9b1a3c5e',
    },
    answer: { secret_ref: 'http://127.0.0.1:9311/v1/secrets/1c0f2a4e-6b8d-4f1a-9c3e-5d7f9b1a3c5e' },
  },
  {
    title: 'Tell when it ends',
    request: 'GET /v1/secrets/1c0f2a4e-6b8d-4f1a-9c3e-5d7f9b1a3c5e/certificate',
    status: 200,
    answer: {
      secret_ref: 'http://127.0.0.1:9311/v1/secrets/1c0f2a4e-6b8d-4f1a-9c3e-5d7f9b1a3c5e',
      kind: 'certificate',
      valid_from: '2026-01-01T00:00:00',
      valid_until: '2026-01-20T00:00:00',
      days_left: 17,
      public_key_sha256: 'b86ff1b1f290a971488fe64d095310950181060fc15a9b9a2df45446d37c5cad',
      certificates: 1,
      chain: 'missing',
      private_key: 'none',
      warnings: [
        { code: 'expires_soon', message: 'It ends at 2026-01-20T00:00:00.' },
        {
          code: 'chain_missing',
          message:
            'Nobody who issued the certificate comes with it: clients have to know its issuer.',
        },
      ],
    },
  },
  {
    isSetup: true,
    title: 'Before',
    request: 'POST /v1/secrets',
    body: {
      name: 'note',
      secret_type: 'opaque',
      payload: 'no certificate',
      payload_content_type: 'text/plain',
    },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/secrets/3e2a4c6f-8d0f-4b3c-9e5a-7f9b1d3c5e7a',
    },
    answer: { secret_ref: 'http://127.0.0.1:9311/v1/secrets/3e2a4c6f-8d0f-4b3c-9e5a-7f9b1d3c5e7a' },
  },
  {
    title: 'A secret that is no certificate',
    request: 'GET /v1/secrets/3e2a4c6f-8d0f-4b3c-9e5a-7f9b1d3c5e7a/certificate',
    status: 404,
    answer: {
      code: 404,
      title: 'Not Found',
      description:
        'Nothing is known of a certificate in secret 3e2a4c6f-8d0f-4b3c-9e5a-7f9b1d3c5e7a.',
    },
  },
  {
    isSetup: true,
    title: 'Before',
    request: 'POST /v1/secrets',
    body: {
      name: 'ca',
      secret_type: 'certificate',
      payload: CA,
      payload_content_type: 'text/plain',
    },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/secrets/2d1f3b5e-7c9e-4a2b-8d4f-6e8a0c2b4d6f',
    },
    answer: { secret_ref: 'http://127.0.0.1:9311/v1/secrets/2d1f3b5e-7c9e-4a2b-8d4f-6e8a0c2b4d6f' },
  },
  {
    isSetup: true,
    title: 'Before',
    request: 'POST /v1/containers',
    body: {
      type: 'certificate',
      secret_refs: [
        {
          name: 'certificate',
          secret_ref: 'http://127.0.0.1:9311/v1/secrets/1c0f2a4e-6b8d-4f1a-9c3e-5d7f9b1a3c5e',
        },
        {
          name: 'intermediates',
          secret_ref: 'http://127.0.0.1:9311/v1/secrets/2d1f3b5e-7c9e-4a2b-8d4f-6e8a0c2b4d6f',
        },
      ],
    },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/containers/4f3b5d7a-9e1a-4c4d-8f6b-8a0c2e4d6f8b',
    },
    answer: {
      container_ref: 'http://127.0.0.1:9311/v1/containers/4f3b5d7a-9e1a-4c4d-8f6b-8a0c2e4d6f8b',
    },
  },
  {
    title: 'Do the members of a container belong together?',
    request: 'GET /v1/containers/4f3b5d7a-9e1a-4c4d-8f6b-8a0c2e4d6f8b/certificate',
    status: 200,
    answer: {
      container_ref: 'http://127.0.0.1:9311/v1/containers/4f3b5d7a-9e1a-4c4d-8f6b-8a0c2e4d6f8b',
      valid_from: '2026-01-01T00:00:00',
      valid_until: '2026-01-20T00:00:00',
      days_left: 17,
      chain: 'self_signed',
      private_key: 'none',
      warnings: [{ code: 'expires_soon', message: 'It ends at 2026-01-20T00:00:00.' }],
    },
  },
]

function pem(lines: readonly string[]): string {
  return lines.join('\n')
}
