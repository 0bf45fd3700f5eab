"""Keys in a PyKMIP server, made with PyKMIP's own client.

Arguments: the client's configuration file, then KEY=USAGE[:STATE] for each key: USAGE is 'both', 'encrypt',
'sign', or 'short' for both with 128 bits; STATE is 'active' (the default) or 'new'. Prints an identifier for
each. `revoke=ID` and `destroy=ID` end one.
"""
import os
import sys

from kmip import enums
from kmip.pie import objects
from kmip.pie.client import ProxyKmipClient

USAGES = {
    'both': [enums.CryptographicUsageMask.ENCRYPT, enums.CryptographicUsageMask.DECRYPT],
    'encrypt': [enums.CryptographicUsageMask.ENCRYPT],
    'sign': [enums.CryptographicUsageMask.SIGN],
}

config, *wanted = sys.argv[1:]
with ProxyKmipClient(config='client', config_file=config) as client:
    for one in wanted:
        name, _, how = one.partition('=')
        if name == 'revoke':
            client.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, how)
        elif name == 'destroy':
            client.destroy(how)
        else:
            usage, _, state = how.partition(':')
            length = 128 if usage == 'short' else 256
            # Registered, not created: PyKMIP's client adds both uses to whatever it creates.
            key = objects.SymmetricKey(
                enums.CryptographicAlgorithm.AES,
                length,
                os.urandom(length // 8),
                masks=USAGES.get(usage, USAGES['both']),
                name=name,
            )
            made = client.register(key)
            if state != 'new':
                client.activate(made)
            print(made)
