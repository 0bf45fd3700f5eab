package main

import (
	"github.com/gophercloud/gophercloud/openstack/keymanager/v1/acls"
	"github.com/gophercloud/gophercloud/openstack/keymanager/v1/orders"
	"github.com/gophercloud/gophercloud/openstack/keymanager/v1/secrets"
)

// The order of calls of the programs above this library.
func driverClaims() {
	claim("terraform: a secret goes through all its steps, and reads back what it was given", func() {
		made := secrets.CreateOpts{Name: "terraform", Algorithm: "aes", BitLength: 256, Mode: "cbc", SecretType: secrets.OpaqueSecret}
		id, _ := created(client, made)
		got, err := secrets.Get(client, id).Extract()
		must(err)
		equal(got.Status, "ACTIVE", "status without payload")
		holds(got.ContentTypes == nil, "content types without payload")
		payload := "  with white space \n"
		no := false
		must(acls.SetSecretACL(client, id, read(&no, cloud.People["hermit"].UserID)).Err)
		must(secrets.Update(client, id, secrets.UpdateOpts{ContentType: "text/plain", Payload: payload}).ExtractErr())
		got, err = secrets.Get(client, id).Extract()
		must(err)
		must(secrets.CreateMetadata(client, id, secrets.MetadataOpts{"key": "value"}).Err)
		equal(payloadOf(client, id, got.ContentTypes["default"]), payload, "payload")
		metadata, err := secrets.GetMetadata(client, id).Extract()
		must(err)
		equal(metadata, map[string]string{"key": "value"}, "metadata")
		must(secrets.Delete(client, id).ExtractErr())
		equal(statusOf(secrets.Get(client, id).Err), 404, "deleted")
	})

	claim("kubernetes: the key of the KMS plugin is one payload as octets; the ingress finds its secret by name", func() {
		order := ordered(orders.KeyOrder, orders.MetaOpts{Algorithm: "aes", BitLength: 256, Mode: "cbc"})
		equal(len(payloadOf(client, idOf(order.SecretRef), octets)), 32, "key encryption key")
		name := "kube_ingress_" + mark()
		find := func() int { return len(listedFor(client, secrets.ListOpts{Name: name})) }
		equal(find(), 0, "before")
		created(client, secrets.CreateOpts{Name: name, SecretType: secrets.OpaqueSecret, Payload: inBase64("pkcs12"),
			PayloadContentType: octets, PayloadContentEncoding: "base64"})
		equal(find(), 1, "afterwards")
	})
}
