package main

import (
	"strings"

	"github.com/gophercloud/gophercloud/openstack/keymanager/v1/containers"
	"github.com/gophercloud/gophercloud/openstack/keymanager/v1/orders"
	"github.com/gophercloud/gophercloud/pagination"
)

func ordered(kind orders.OrderType, meta orders.MetaOpts) *orders.Order {
	made, err := orders.Create(client, orders.CreateOpts{Type: kind, Meta: meta}).Extract()
	must(err)
	for {
		got, err := orders.Get(client, idOf(made.OrderRef)).Extract()
		must(err)
		if got.Status != "PENDING" {
			equal(got.OrderRef, made.OrderRef, "reference")
			return got
		}
	}
}

func orderClaims() {
	claim("an order of type key becomes ACTIVE with the key it says", func() {
		got := ordered(orders.KeyOrder, orders.MetaOpts{Algorithm: "aes", BitLength: 256, Mode: "cbc", Name: "go",
			PayloadContentType: octets})
		isNow(got.Created, "created")
		isNow(got.Updated, "updated")
		equal([]interface{}{got.Status, got.Type, got.Meta.Algorithm, got.Meta.BitLength, got.Meta.Mode, got.Meta.Name, got.CreatorID},
			[]interface{}{"ACTIVE", "key", "aes", 256, "cbc", "go", cloud.People["demo"].UserID}, "order")
		equal(len(payloadOf(client, idOf(got.SecretRef), octets)), 32, "bytes")
		equal(statusOf(orders.Delete(client, idOf(got.OrderRef)).ExtractErr()), 403, "delete as creator, by the legacy rules")
		must(orders.Delete(administrator, idOf(got.OrderRef)).ExtractErr())
		equal(statusOf(orders.Get(client, idOf(got.OrderRef)).Err), 404, "deleted")
	})

	claim("an order with an empty mode, which this library always sends, is a key as well", func() {
		equal(ordered(orders.KeyOrder, orders.MetaOpts{Algorithm: "aes", BitLength: 256}).Status, "ACTIVE", "status")
	})

	claim("an order of type asymmetric names a container with both keys", func() {
		got := ordered(orders.AsymmetricOrder, orders.MetaOpts{Algorithm: "rsa", BitLength: 2048, Mode: "cbc", Name: "pair",
			PayloadContentType: octets})
		equal([]interface{}{got.Status, got.ErrorReason}, []interface{}{"ACTIVE", ""}, "order")
		made, err := containers.Get(client, idOf(got.ContainerRef)).Extract()
		must(err)
		equal([]interface{}{made.Type, len(made.SecretRefs)}, []interface{}{"rsa", 2}, "container")
		for _, each := range made.SecretRefs {
			begin := map[string]string{"private_key": "-----BEGIN PRIVATE KEY-----", "public_key": "-----BEGIN PUBLIC KEY-----"}
			holds(strings.HasPrefix(payloadOf(client, idOf(each.SecretRef), octets), begin[each.Name]), each.Name)
		}
	})

	claim("an order that fails says so with a status that is text", func() {
		got := ordered(orders.KeyOrder, orders.MetaOpts{Algorithm: "no such cipher", BitLength: 256})
		equal([]interface{}{got.Status, got.ErrorStatusCode, got.SecretRef}, []interface{}{"ERROR", "400", ""}, "order")
		holds(got.ErrorReason != "", "no reason is given")
	})

	claim("orders are listed page by page", func() {
		for number := 0; number < 3; number++ {
			ordered(orders.KeyOrder, orders.MetaOpts{Algorithm: "aes", BitLength: 128, Mode: "cbc"})
		}
		seen := map[string]bool{}
		must(orders.List(client, orders.ListOpts{Limit: 2}).EachPage(func(page pagination.Page) (bool, error) {
			found, err := orders.ExtractOrders(page)
			for _, each := range found {
				holds(!seen[each.OrderRef], "twice: "+each.OrderRef)
				seen[each.OrderRef] = true
			}
			return true, err
		}))
		holds(len(seen) >= 3, "orders are missing")
	})
}
