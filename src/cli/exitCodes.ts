import { StartupRefusal } from '../lib/startupRefusal.ts'

/** What the process says with its exit code. Numbers are promises: scripts and units rely on them. */
export const EXIT_CODES = {
  done: { code: 0, meaning: 'All is done; a server was asked to stop and finished its requests.' },
  refused: { code: 1, meaning: 'Refused for a reason that has no code of its own.' },
  usage: { code: 2, meaning: 'The command line is not understood.' },
  settings: { code: 3, meaning: 'A setting is wrong, unknown or missing.' },
  keys: {
    code: 4,
    meaning: 'The KEK store is missing, cannot be opened, or is not the one this database needs.',
  },
  newerSchema: { code: 5, meaning: 'The database was upgraded by a newer release.' },
  pendingSchema: { code: 6, meaning: 'The database wants `gatehouse db upgrade`.' },
  address: { code: 7, meaning: 'An address or port cannot be listened on.' },
  database: { code: 8, meaning: 'The database cannot be opened or written.' },
  state: {
    code: 9,
    meaning: 'The state folder cannot be made or used, or others may look into it.',
  },
  oldNode: { code: 10, meaning: 'This Node is too old to run Gatehouse.' },
  interrupted: { code: 11, meaning: 'A second signal ended the process before its requests did.' },
  backup: {
    code: 12,
    meaning: 'A backup cannot be read or written, is damaged, or is sealed to another key.',
  },
  worker: {
    code: 13,
    meaning: 'One of several workers died, or had to be killed, during the stop.',
  },
  kekStoreAway: {
    code: 14,
    meaning: 'A KEK store outside of this machine does not answer; a start may succeed later.',
  },
  incomplete: {
    code: 16,
    meaning: 'A job came to its end, and some records or keys are damaged or could not be done.',
  },
  unfinished: { code: 17, meaning: 'A job was paused, cancelled or left before its end.' },
  nodes: {
    code: 18,
    meaning: 'A node that serves does not hold the KEK that is wanted, or is of another release.',
  },
  primitives: {
    code: 20,
    meaning: 'A primitive of cryptography does not do what it should in this Node or its OpenSSL.',
  },
  damaged: { code: 21, meaning: 'Records do not open, or are not as they were written.' },
  unwell: { code: 22, meaning: '`gatehouse doctor` found something that is wrong.' },
  warned: {
    code: 23,
    meaning: '`gatehouse doctor` found nothing wrong, and something to look at.',
  },
  bug: { code: 70, meaning: 'Something failed that should not have; the log has the cause.' },
} as const

export type ExitReason = keyof typeof EXIT_CODES

/** Gives the refusals of a stage of the start their exit code, unless they brought one. */
export async function refusingWith<T>(reason: ExitReason, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof StartupRefusal && cause.exitCode === EXIT_CODES.refused.code) {
      const { code } = EXIT_CODES[reason]
      throw new StartupRefusal(cause.message, { exitCode: code, cause: cause.cause })
    }
    throw cause
  }
}
