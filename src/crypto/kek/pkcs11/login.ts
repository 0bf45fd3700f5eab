import {
  CKF_LOGIN_REQUIRED,
  CKF_PROTECTED_AUTHENTICATION_PATH,
  CKU_USER,
  type Cryptoki,
  type Handle,
} from './cryptoki.ts'
import { type FoundToken, pinStateOf } from './findToken.ts'
import { HsmRefusal } from './hsmRefusal.ts'
import { isPinRefused, isSoAlready, wordsOf } from './returnValues.ts'

/**
 * Logs in once for all sessions, with at most one try. A token locks itself for everybody after a few
 * wrong PINs, so whoever restarts us in a circle must not use them up: once the token says that the last
 * PIN was wrong, only one that has been right before is tried again.
 */
export function logIn(
  cryptoki: Cryptoki,
  session: Handle,
  { info, facts: { label } }: FoundToken,
  pin: Buffer,
  isPinProven: boolean,
): void {
  if ((info.flags & CKF_LOGIN_REQUIRED) === 0) return
  if ((info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) !== 0 && pin.length === 0) {
    throw new HsmRefusal(
      `The token ${label} wants its PIN at a pad of its own, where a server cannot type.`,
      { isPin: true },
    )
  }
  if (pin.length === 0) {
    throw new HsmRefusal(
      `The token ${label} wants a PIN: give login_file, login_credential or login.`,
      { isPin: true },
    )
  }
  const state = pinStateOf(info)
  if (state === 'locked' || state === 'one try left') {
    throw new HsmRefusal(
      `The PIN of the token ${label} is ${state === 'locked' ? 'locked' : 'one wrong try away from being locked'}: it is not tried. Log in with the tool of the HSM's vendor, or have its security officer set the PIN anew.`,
      { isPin: true },
    )
  }
  if (state === 'wrong last time' && !isPinProven) {
    throw new HsmRefusal(
      `The token ${label} says that the last PIN it was given was wrong, so that of the configuration is not tried: restarts would lock the token. Put it right, then run \`gatehouse hsm check\`, which tries it once.`,
      { isPin: true },
    )
  }
  try {
    // A string, since the addon takes nothing else; it ends with this process.
    cryptoki.C_Login(session, CKU_USER, pin.toString('utf8'))
  } catch (cause) {
    if (isSoAlready(cause)) return
    if (!isPinRefused(cause)) throw cause
    throw new HsmRefusal(
      `The token ${label} refuses the PIN (${wordsOf(cause)}). It is not tried again: put it right, then run \`gatehouse hsm check\`.`,
      { isPin: true, cause },
    )
  }
}
