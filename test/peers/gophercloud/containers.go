package main

import (
	"fmt"
	"strings"

	"github.com/gophercloud/gophercloud/openstack/keymanager/v1/containers"
)

func container(options containers.CreateOpts) string {
	made, err := containers.Create(client, options).Extract()
	must(err)
	holds(strings.HasPrefix(made.ContainerRef, cloud.Endpoint+"/v1/containers/"), made.ContainerRef)
	return idOf(made.ContainerRef)
}

func consumersOf(id string, options containers.ListOpts) []containers.Consumer {
	pages, err := containers.ListConsumers(client, id, options).AllPages()
	must(err)
	found, err := containers.ExtractConsumers(pages)
	must(err)
	return found
}

func containerClaims() {
	claim("containers of all three types are created with their secrets, read and deleted", func() {
		for kind, parts := range map[containers.ContainerType][]string{
			containers.GenericContainer:     {"any"},
			containers.RSAContainer:         {"private_key", "public_key"},
			containers.CertificateContainer: {"certificate", "intermediates", "private_key"},
		} {
			refs := []containers.SecretRef{}
			for _, part := range parts {
				_, ref := created(client, text(part))
				refs = append(refs, containers.SecretRef{Name: part, SecretRef: ref})
			}
			id := container(containers.CreateOpts{Type: kind, Name: "go", SecretRefs: refs})
			got, err := containers.Get(client, id).Extract()
			must(err)
			isNow(got.Created, "created")
			isNow(got.Updated, "updated")
			equal([]interface{}{got.Name, got.Type, got.Status, got.CreatorID, len(got.Consumers), len(got.SecretRefs)},
				[]interface{}{"go", string(kind), "ACTIVE", cloud.People["demo"].UserID, 0, len(refs)}, "container")
			for _, ref := range refs {
				holds(contains(got.SecretRefs, ref), fmt.Sprintf("%v is missing", ref))
			}
			must(containers.Delete(client, id).ExtractErr())
			equal(statusOf(containers.Get(client, id).Err), 404, "deleted")
			equal(statusOf(containers.Delete(client, id).ExtractErr()), 404, "deleted twice")
		}
	})

	claim("secrets are added to a container and taken out again", func() {
		_, secretRef := created(client, text("late"))
		id := container(containers.CreateOpts{Type: containers.GenericContainer})
		member := containers.SecretRef{Name: "late", SecretRef: secretRef}
		added, err := containers.CreateSecretRef(client, id, member).Extract()
		must(err)
		equal(idOf(added.ContainerRef), id, "answer")
		got, err := containers.Get(client, id).Extract()
		must(err)
		equal(got.SecretRefs, []containers.SecretRef{member}, "secrets")
		must(containers.DeleteSecretRef(client, id, member).ExtractErr())
		got, err = containers.Get(client, id).Extract()
		must(err)
		equal(len(got.SecretRefs), 0, "secrets afterwards")
	})

	claim("consumers are registered once each, listed in pages, and removed", func() {
		id := container(containers.CreateOpts{Type: containers.GenericContainer})
		for number := 0; number < 3; number++ {
			for range []int{1, 2} {
				options := containers.CreateConsumerOpts{Name: "go", URL: fmt.Sprintf("http://go/%d", number)}
				got, err := containers.CreateConsumer(client, id, options).Extract()
				must(err)
				equal(len(got.Consumers), number+1, "consumers in the answer")
			}
		}
		for _, limit := range []int{0, 1, 2, 3} {
			found := consumersOf(id, containers.ListOpts{Limit: limit})
			equal(len(found), 3, fmt.Sprintf("pages of %d", limit))
			for number, each := range found {
				equal([]string{each.Name, each.URL, each.Status}, []string{"go", fmt.Sprintf("http://go/%d", number), "ACTIVE"},
					"consumer")
				isNow(each.Created, "created")
				isNow(each.Updated, "updated")
			}
		}
		options := containers.DeleteConsumerOpts{Name: "go", URL: "http://go/1"}
		got, err := containers.DeleteConsumer(client, id, options).Extract()
		must(err)
		equal(len(got.Consumers), 2, "consumers that are left")
		equal(statusOf(containers.DeleteConsumer(client, id, options).Err), 404, "removed twice")
	})

	claim("containers are listed by name, and page by page", func() {
		name := mark()
		for number := 0; number < 5; number++ {
			_, err := containers.Create(library, containers.CreateOpts{Type: containers.GenericContainer, Name: name}).Extract()
			must(err)
		}
		for _, limit := range []int{0, 1, 2, 5} {
			pages, err := containers.List(library, containers.ListOpts{Limit: limit, Name: name}).AllPages()
			must(err)
			found, err := containers.ExtractContainers(pages)
			must(err)
			equal(len(found), 5, fmt.Sprintf("pages of %d", limit))
		}
	})
}

func contains(refs []containers.SecretRef, wanted containers.SecretRef) bool {
	for _, each := range refs {
		if each == wanted {
			return true
		}
	}
	return false
}
