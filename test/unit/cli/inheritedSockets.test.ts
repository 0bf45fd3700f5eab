import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inheritedSockets } from '../../../src/cli/inheritedSockets.ts'

test('sockets that systemd hands over are ours only when they are for this process', () => {
  const rows = [
    [{ LISTEN_PID: '7', LISTEN_FDS: '1' }, [{ fd: 3, name: 'unknown' }]],
    [
      { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'api:admin' },
      [
        { fd: 3, name: 'api' },
        { fd: 4, name: 'admin' },
      ],
    ],
    [
      { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'api' },
      [
        { fd: 3, name: 'api' },
        { fd: 4, name: 'unknown' },
      ],
    ],
    [{ LISTEN_PID: '8', LISTEN_FDS: '1' }, []],
    [{ LISTEN_FDS: '1' }, []],
    [{ LISTEN_PID: '7' }, []],
    [{ LISTEN_PID: '7', LISTEN_FDS: '-1' }, []],
    [{ LISTEN_PID: '7', LISTEN_FDS: 'one' }, []],
    [{}, []],
  ] as const
  for (const [env, expected] of rows) assert.deepEqual(inheritedSockets(env, 7), expected)
})
