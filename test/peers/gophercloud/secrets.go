package main

import (
	"fmt"
	"time"

	"github.com/gophercloud/gophercloud/openstack/keymanager/v1/secrets"
	"github.com/gophercloud/gophercloud/pagination"
)

func secretClaims() {
	claim("a secret is created, read with all its facts and times, and deleted", func() {
		expiration := time.Date(2049, 1, 1, 1, 1, 1, 0, time.UTC)
		options := text("pässword")
		options.Name, options.Algorithm, options.BitLength, options.Mode = "go", "aes", 256, "cbc"
		options.SecretType, options.Expiration = secrets.PassphraseSecret, &expiration
		id, ref := created(client, options)
		got, err := secrets.Get(client, id).Extract()
		must(err)
		isNow(got.Created, "created")
		isNow(got.Updated, "updated")
		equal([]interface{}{got.Name, got.Algorithm, got.BitLength, got.Mode, got.SecretType, got.Status, got.SecretRef,
			got.Expiration, got.CreatorID, got.ContentTypes["default"]},
			[]interface{}{"go", "aes", 256, "cbc", "passphrase", "ACTIVE", ref, expiration, cloud.People["demo"].UserID,
				"text/plain"}, "secret")
		equal(payloadOf(client, id, ""), "pässword", "payload")
		must(secrets.Delete(client, id).ExtractErr())
		equal(statusOf(secrets.Get(client, id).Err), 404, "get")
		equal(statusOf(secrets.Delete(client, id).ExtractErr()), 404, "delete")
	})

	claim("a secret without algorithm, length, mode and expiration is read without an error", func() {
		id, _ := created(client, text("bare"))
		got, err := secrets.Get(client, id).Extract()
		must(err)
		equal([]interface{}{got.Algorithm, got.BitLength, got.Mode, got.Expiration.IsZero()},
			[]interface{}{"", 0, "", true}, "facts")
	})

	claim("octets are served as octet-stream, as */*, and as text/plain where they are text", func() {
		id, _ := created(client, secrets.CreateOpts{Payload: inBase64("-----BEGIN CERTIFICATE-----\n"),
			PayloadContentType: octets, PayloadContentEncoding: "base64", SecretType: secrets.CertificateSecret})
		for _, accept := range []string{"", "text/plain", octets, "*/*"} {
			equal(payloadOf(client, id, accept), "-----BEGIN CERTIFICATE-----\n", "Accept: "+accept)
		}
		binary, _ := created(client, secrets.CreateOpts{Payload: inBase64("\xff\x00"), PayloadContentType: octets,
			PayloadContentEncoding: "base64"})
		equal(payloadOf(client, binary, octets), "\xff\x00", "octets")
		equal(statusOf(secrets.GetPayload(client, binary, nil).Err), 406, "octets as text")
		equal(statusOf(secrets.GetPayload(client, id, secrets.GetPayloadOpts{PayloadContentType: "image/png"}).Err), 406,
			"another type")
		word, _ := created(client, text("word"))
		equal(payloadOf(client, word, octets), "word", "text as octets")
	})

	claim("a payload is put once: as text, as octets, as base64; then it is a 409", func() {
		for _, update := range []secrets.UpdateOpts{
			{ContentType: "text/plain", Payload: " late \n"},
			{ContentType: octets, Payload: " late \n"},
			{ContentType: octets, ContentEncoding: "base64", Payload: inBase64(" late \n")},
		} {
			id, _ := created(client, secrets.CreateOpts{Name: "late"})
			equal(statusOf(secrets.GetPayload(client, id, nil).Err), 404, "before")
			must(secrets.Update(client, id, update).ExtractErr())
			equal(payloadOf(client, id, update.ContentType), " late \n", "payload")
			equal(statusOf(secrets.Update(client, id, update).ExtractErr()), 409, "second time")
		}
	})

	claim("metadata is put, added to, changed and deleted key by key", func() {
		id, ref := created(client, text("with metadata"))
		made, err := secrets.CreateMetadata(client, id, secrets.MetadataOpts{"rack": "7", "Note": "green"}).Extract()
		must(err)
		equal(made, map[string]string{"metadata_ref": ref + "/metadata"}, "answer")
		must(secrets.CreateMetadatum(client, id, secrets.MetadatumOpts{Key: "owner", Value: "go"}).ExtractErr())
		equal(statusOf(secrets.CreateMetadatum(client, id, secrets.MetadatumOpts{Key: "owner", Value: "no"}).ExtractErr()), 409,
			"a key twice")
		changed, err := secrets.UpdateMetadatum(client, id, secrets.MetadatumOpts{Key: "rack", Value: "8"}).Extract()
		must(err)
		equal(*changed, secrets.Metadatum{Key: "rack", Value: "8"}, "changed")
		one, err := secrets.GetMetadatum(client, id, "rack").Extract()
		must(err)
		equal(*one, *changed, "one")
		must(secrets.DeleteMetadatum(client, id, "owner").ExtractErr())
		equal(statusOf(secrets.GetMetadatum(client, id, "owner").Err), 404, "deleted")
		all, err := secrets.GetMetadata(client, id).Extract()
		must(err)
		equal(all, map[string]string{"rack": "8", "note": "green"}, "all, keys in lower case")
	})

	claim("another project is refused, to read, to write and to delete", func() {
		id, _ := created(client, text("mine"))
		equal(statusOf(secrets.Get(stranger, id).Err), 403, "get")
		equal(statusOf(secrets.GetPayload(stranger, id, nil).Err), 403, "payload")
		equal(statusOf(secrets.Delete(stranger, id).ExtractErr()), 403, "delete")
		equal(statusOf(secrets.CreateMetadata(stranger, id, secrets.MetadataOpts{"a": "b"}).Err), 403, "metadata")
		equal(payloadOf(client, id, ""), "mine", "afterwards")
	})
}

func listed(options secrets.ListOpts) []string {
	names := []string{}
	must(secrets.List(library, options).EachPage(func(page pagination.Page) (bool, error) {
		found, err := secrets.ExtractSecrets(page)
		for _, each := range found {
			names = append(names, each.Name)
		}
		return true, err
	}))
	return names
}

func listClaims() {
	claim("a list follows next from page to page and ends", func() {
		name := mark()
		wanted := []string{}
		for number := 0; number < 23; number++ {
			options := text("x")
			options.Name = fmt.Sprintf("%s %02d", name, number)
			created(library, options)
			wanted = append(wanted, options.Name)
		}
		for _, limit := range []int{0, 1, 10, 23, 100} {
			equal(listed(secrets.ListOpts{Limit: limit, Name: name + "%"}), wanted, fmt.Sprintf("pages of %d", limit))
		}
		equal(listed(secrets.ListOpts{Limit: 10, Offset: 15, Name: name + "%"}), wanted[15:], "from an offset")
		pages := 0
		must(secrets.List(library, secrets.ListOpts{Limit: 10, Name: name + "%"}).EachPage(
			func(pagination.Page) (bool, error) { pages++; return true, nil }))
		equal(pages, 3, "pages")
	})

	claim("a list filters by every field, by dates with a zone, and sorts", func() {
		name := mark()
		key := secrets.CreateOpts{Name: name + " key", Payload: inBase64("key"), PayloadContentType: octets,
			PayloadContentEncoding: "base64", Algorithm: name, BitLength: 777, Mode: name, SecretType: secrets.SymmetricSecret}
		expiration := time.Date(2049, 1, 1, 0, 0, 0, 0, time.UTC)
		key.Expiration = &expiration
		created(library, key)
		phrase := text("phrase")
		phrase.Name, phrase.SecretType = name+" phrase", secrets.PassphraseSecret
		created(library, phrase)
		both, aKey, aPhrase := []string{key.Name, phrase.Name}, []string{key.Name}, []string{phrase.Name}
		long := &secrets.DateQuery{Date: time.Date(2018, 6, 21, 1, 0, 0, 0, time.UTC), Filter: secrets.DateFilterGT}
		never := &secrets.DateQuery{Date: long.Date, Filter: secrets.DateFilterLT}
		eastern := &secrets.DateQuery{Date: expiration.In(time.FixedZone("east", 3600)), Filter: ""}
		for _, each := range []struct {
			options secrets.ListOpts
			wanted  []string
		}{
			{secrets.ListOpts{}, both},
			{secrets.ListOpts{Alg: name}, aKey},
			{secrets.ListOpts{Mode: name}, aKey},
			{secrets.ListOpts{Bits: 777}, aKey},
			{secrets.ListOpts{SecretType: secrets.PassphraseSecret}, aPhrase},
			{secrets.ListOpts{CreatedQuery: long}, both},
			{secrets.ListOpts{CreatedQuery: never}, []string{}},
			{secrets.ListOpts{UpdatedQuery: long}, both},
			{secrets.ListOpts{ExpirationQuery: long}, aKey},
			{secrets.ListOpts{ExpirationQuery: eastern}, aKey},
			{secrets.ListOpts{Sort: "created:desc"}, []string{phrase.Name, key.Name}},
			{secrets.ListOpts{Sort: "name:asc"}, both},
		} {
			each.options.Name = name + "%"
			equal(listed(each.options), each.wanted, fmt.Sprintf("%+v", each.options))
		}
		equal(listed(secrets.ListOpts{Name: name}), []string{}, "a name has no wildcards of its own")
		equal(listed(secrets.ListOpts{Name: name + "_key"}), aKey, "a wildcard of one character")
	})
}
