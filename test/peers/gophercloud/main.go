// gophercloud, the library below terraform, cloud-provider-openstack and the key manager plugin of Kubernetes.
package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack"
	"github.com/gophercloud/gophercloud/openstack/keymanager/v1/secrets"
)

type person struct {
	Project string
	UserID  string `json:"userId"`
}

var cloud struct {
	AuthURL  string `json:"authUrl"`
	Endpoint string
	Password string
	People   map[string]person
}

const octets = "application/octet-stream"

var client, stranger, library, hermit, administrator *gophercloud.ServiceClient

func connected(name string) *gophercloud.ServiceClient {
	provider, err := openstack.AuthenticatedClient(gophercloud.AuthOptions{
		IdentityEndpoint: cloud.AuthURL, Username: name, Password: cloud.Password, DomainID: "default",
		Scope: &gophercloud.AuthScope{ProjectName: cloud.People[name].Project, DomainID: "default"},
	})
	must(err)
	made, err := openstack.NewKeyManagerV1(provider, gophercloud.EndpointOpts{Region: "RegionOne"})
	must(err)
	return made
}

func idOf(ref string) string {
	return ref[strings.LastIndex(ref, "/")+1:]
}

func mark() string {
	random := make([]byte, 4)
	_, err := rand.Read(random)
	must(err)
	return hex.EncodeToString(random)
}

// statusOf is what the server answered where the library wanted another code.
func statusOf(err error) int {
	switch known := err.(type) {
	case gophercloud.ErrDefault400:
		return 400
	case gophercloud.ErrDefault403:
		return 403
	case gophercloud.ErrDefault404:
		return 404
	case gophercloud.ErrDefault409:
		return 409
	case gophercloud.ErrUnexpectedResponseCode:
		return known.Actual
	}
	fail("no answer with another status, but %v", err)
	return 0
}

func created(who *gophercloud.ServiceClient, options secrets.CreateOpts) (string, string) {
	made, err := secrets.Create(who, options).Extract()
	must(err)
	holds(strings.HasPrefix(made.SecretRef, cloud.Endpoint+"/v1/secrets/"), made.SecretRef)
	return idOf(made.SecretRef), made.SecretRef
}

func text(payload string) secrets.CreateOpts {
	return secrets.CreateOpts{Payload: payload, PayloadContentType: "text/plain"}
}

func payloadOf(who *gophercloud.ServiceClient, id, accept string) string {
	var options secrets.GetPayloadOptsBuilder
	if accept != "" {
		options = secrets.GetPayloadOpts{PayloadContentType: accept}
	}
	payload, err := secrets.GetPayload(who, id, options).Extract()
	must(err)
	return string(payload)
}

func inBase64(payload string) string {
	return base64.StdEncoding.EncodeToString([]byte(payload))
}

func isNow(at time.Time, what string) {
	age := time.Since(at)
	holds(age > -time.Minute && age < time.Minute, fmt.Sprintf("%s: %v is not now", what, at))
}

func main() {
	must(json.Unmarshal([]byte(os.Getenv("PEERS_CLOUD")), &cloud))
	client, stranger, library = connected("demo"), connected("stranger"), connected("librarian")
	hermit, administrator = connected("hermit"), connected("administrator")
	secretClaims()
	listClaims()
	aclClaims()
	containerClaims()
	orderClaims()
	driverClaims()
	run()
}
