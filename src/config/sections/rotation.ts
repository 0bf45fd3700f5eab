import { setting } from '../setting.ts'
import { seconds, truth } from '../valueKinds.ts'

/** How keys come and go. */
export const rotationSection = {
  worker: setting({
    explanation:
      'Work on jobs (rotation, moves of projects) in this process, while it holds their lease. Off: they wait for a process where it is on, or for the command that began them.',
    kind: truth,
    default: true,
  }),
  settle_time: setting({
    explanation:
      'How long a project key that nothing new may use is kept before what still needs it is counted and it is destroyed: longer than any request or change takes. Not less than 30 where several nodes share a database.',
    kind: seconds(1, 86_400),
    default: 30,
  }),
  kek_retention: setting({
    explanation:
      'How long a retired KEK is kept before `gatehouse kek destroy` takes it: longer than the oldest backup that should still open.',
    kind: seconds(0, 315_360_000),
    default: 7_776_000,
  }),
}
