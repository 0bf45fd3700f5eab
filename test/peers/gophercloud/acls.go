package main

import (
	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/keymanager/v1/acls"
	"github.com/gophercloud/gophercloud/openstack/keymanager/v1/containers"
	"github.com/gophercloud/gophercloud/openstack/keymanager/v1/secrets"
)

func read(projectAccess *bool, users ...string) acls.SetOpts {
	users = append([]string{}, users...)
	return acls.SetOpts{{Type: "read", Users: &users, ProjectAccess: projectAccess}}
}

func isACL(result acls.ACLResult, projectAccess bool, users []string, what string) {
	got, err := result.Extract()
	must(err)
	equal((*got)["read"].ProjectAccess, projectAccess, what+", project-access")
	equal((*got)["read"].Users, users, what+", users")
}

func isACLRef(result acls.ACLRefResult, ref, what string) {
	got, err := result.Extract()
	must(err)
	equal(string(*got), ref+"/acl", what)
}

func aclClaims() {
	no := false

	claim("the ACL of a secret is set, changed and deleted, and means what it says", func() {
		id, ref := created(client, text("opened"))
		reader := cloud.People["hermit"].UserID
		isACL(acls.GetSecretACL(client, id), true, nil, "before")
		equal(statusOf(secrets.Get(hermit, id).Err), 403, "before")
		isACLRef(acls.SetSecretACL(client, id, read(&no, reader)), ref, "set")
		isACL(acls.GetSecretACL(client, id), false, []string{reader}, "set")
		got, err := acls.GetSecretACL(client, id).Extract()
		must(err)
		isNow((*got)["read"].Created, "created")
		isNow((*got)["read"].Updated, "updated")
		equal(payloadOf(hermit, id, ""), "opened", "a reader")
		yes := true
		equal(len(listedFor(hermit, secrets.ListOpts{ACLOnly: &yes})) > 0, true, "acl_only")
		isACLRef(acls.UpdateSecretACL(client, id, read(nil)), ref, "changed")
		isACL(acls.GetSecretACL(client, id), false, []string{}, "users emptied, project-access kept")
		equal(statusOf(secrets.Get(hermit, id).Err), 403, "a reader of before")
		isACLRef(acls.SetSecretACL(client, id, read(nil, reader)), ref, "set without project-access")
		isACL(acls.GetSecretACL(client, id), true, []string{reader}, "set without project-access")
		must(acls.DeleteSecretACL(client, id).ExtractErr())
		isACL(acls.GetSecretACL(client, id), true, nil, "afterwards")
		equal(statusOf(secrets.Get(hermit, id).Err), 403, "afterwards")
	})

	claim("the ACL of a container is set, changed and deleted, and means what it says", func() {
		made, err := containers.Create(client, containers.CreateOpts{Type: containers.GenericContainer}).Extract()
		must(err)
		id, ref, reader := idOf(made.ContainerRef), made.ContainerRef, cloud.People["hermit"].UserID
		isACL(acls.GetContainerACL(client, id), true, nil, "before")
		isACLRef(acls.SetContainerACL(client, id, read(&no, reader)), ref, "set")
		isACL(acls.GetContainerACL(client, id), false, []string{reader}, "set")
		must(containers.Get(hermit, id).Err)
		isACLRef(acls.UpdateContainerACL(client, id, read(nil)), ref, "changed")
		isACL(acls.GetContainerACL(client, id), false, []string{}, "changed")
		equal(statusOf(containers.Get(hermit, id).Err), 403, "a reader of before")
		must(acls.DeleteContainerACL(client, id).ExtractErr())
		isACL(acls.GetContainerACL(client, id), true, nil, "afterwards")
	})
}

func listedFor(who *gophercloud.ServiceClient, options secrets.ListOpts) []secrets.Secret {
	pages, err := secrets.List(who, options).AllPages()
	must(err)
	found, err := secrets.ExtractSecrets(pages)
	must(err)
	return found
}
