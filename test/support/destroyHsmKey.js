import { createRequire } from 'node:module'

// Arguments: the folder of pkcs11js, a PKCS#11 library, the PIN of its first token, the label of a key to destroy.
const [addon, library, pin, label] = process.argv.slice(2)
const { PKCS11, CKA_LABEL, CKF_RW_SESSION, CKF_SERIAL_SESSION, CKU_USER } = createRequire(
  import.meta.url,
)(addon)

const cryptoki = new PKCS11()
cryptoki.load(library)
cryptoki.C_Initialize()
const [slot] = cryptoki.C_GetSlotList(true)
const session = cryptoki.C_OpenSession(slot, CKF_RW_SESSION | CKF_SERIAL_SESSION)
cryptoki.C_Login(session, CKU_USER, pin)
cryptoki.C_FindObjectsInit(session, [{ type: CKA_LABEL, value: label }])
const found = cryptoki.C_FindObjects(session, 2)
cryptoki.C_FindObjectsFinal(session)
if (found.length !== 1) throw new Error(`${found.length} keys have this label.`)
cryptoki.C_DestroyObject(session, found[0])
cryptoki.C_Finalize()
