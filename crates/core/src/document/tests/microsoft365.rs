//! Directories of `type: microsoft365`, and what is asked of directories that cannot do it.

use std::path::Path;

use super::checked;

const PEOPLE: &str = r#"kind: application
name: hr
endpoints: [{ name: people, url: "https://hr.example.com/people" }]
---
kind: data_source
name: staff
application: hr
endpoints: [{ endpoint: people, primary_key: number }]
attributes: { employeeID: number, givenName: first, sn: last, displayName: name, description: notes, whenCreated: made }
---
"#;

#[test]
fn a_directory_says_who_tenure_is_and_nothing_of_ldap() {
    let found = checked(
        r#"kind: directory
name: bare
type: microsoft365
---
kind: directory
name: odd
type: microsoft365
tenant: "contoso"
authorization: { client_id: "", client_secret: hunter22 }
url: ldaps://dc1.example.com
base: DC=corp
usage_location: Holland
connections: 0
scope: { user_types: [], exclude_users: [rescue], exclude_groups: [Break Glass] }
addresses: { graph: "http://graph.example.com/v1.0", login: somewhere }
---
kind: directory
name: corp
type: local
tenant: contoso.com
"#,
    );
    insta::assert_snapshot!(found, @r#"
    error: test.yaml:1:1: directory `bare`: found no `authorization`; `type: microsoft365` needs `authorization: { client_id: …, client_secret: "{{ secret('NAME') }}" }`
    error: test.yaml:1:1: directory `bare`: found no `tenant`; `type: microsoft365` needs `tenant`, for example `contoso.onmicrosoft.com`
    error: test.yaml:8:9: directory `odd`, tenant: found `contoso`, which cannot be a tenant; write the tenant's id, or one of its domains such as `contoso.onmicrosoft.com`
    error: test.yaml:9:29: directory `odd`, authorization.client_id: found an empty text; write the application's id, as the tenant's app registration shows it
    warning: test.yaml:9:48: directory `odd`, authorization.client_secret: found a password or key in clear; put it into the vault with `tenure secret set NAME`, and write `{{ secret('NAME') }}`
    warning: test.yaml:10:6: directory `odd`, url: found `url` with `type: microsoft365`; Microsoft 365 is reached by `tenant` and `authorization`; leave it out
    warning: test.yaml:11:7: directory `odd`, base: found `base` with `type: microsoft365`; Microsoft 365 is reached by `tenant` and `authorization`; leave it out
    error: test.yaml:12:17: directory `odd`, usage_location: found `Holland`, which is no country; write the two letters of ISO 3166, for example `NL`
    error: test.yaml:13:14: directory `odd`, connections: found the number 0; write a number from 1 to 32
    error: test.yaml:14:22: directory `odd`, scope.user_types: found an empty list; write `[member]`, `[guest]` or both, or leave it out for members
    error: test.yaml:14:42: directory `odd`, scope.exclude_users[0]: found `rescue`, which names no user; write a user principal name such as `rescue@contoso.com`, or an object's id
    error: test.yaml:14:68: directory `odd`, scope.exclude_groups[0]: found `Break Glass`, which is not a distinguished name; `Break Glass` should read `attribute=value`
    error: test.yaml:15:21: directory `odd`, addresses.graph: found `http://graph.example.com/v1.0`, which says more than the server; write scheme and server only; the version and the rest are added
    warning: test.yaml:15:21: directory `odd`, addresses.graph: found an address without encryption; everybody on the way can read tokens and passwords; write `https://`
    error: test.yaml:15:61: directory `odd`, addresses.login: found `somewhere`, which is not the address of a service; write `https://` and the server's name, without a path
    error: test.yaml:17:1: directory `corp`: found no `base`; `type: local` needs `base`, for example `OU=Staff,DC=corp,DC=example`
    warning: test.yaml:20:9: directory `corp`, tenant: found `tenant` with `type: local`; it is for `type: microsoft365` only; leave it out
    "#);
}

#[test]
fn what_a_directory_cannot_do_is_refused_with_what_would_be_right() {
    let found = checked(&format!(
        r#"{PEOPLE}kind: directory
name: cloud
type: microsoft365
tenant: contoso.com
authorization: {{ client_id: tenure, client_secret: "{{{{ secret('entra') }}}}" }}
---
kind: directory
name: here
type: local
base: DC=corp,DC=test
---
kind: template
name: in-a-container
container: OU=Staff,DC=corp,DC=test
attributes: {{ description: x }}
---
kind: template
name: without
unique: {{ userPrincipalName: "{{{{ givenName }}}}@contoso.com" }}
password: {{}}
---
kind: automation
name: to-the-cloud
source: staff
directory: cloud
correlate: [employeeID]
rules:
  joiner: [{{ create_account: {{ template: in-a-container }} }}]
  mover: [{{ move: "OU=A,DC=corp" }}, {{ assign_licences: [all] }}]
  leaver: [{{ revoke_sessions: {{}}, after: 1d }}, {{ set_photo: abc }}, {{ set_auto_reply: "{{{{ nmae }}}}" }}]
---
kind: automation
name: to-here
source: staff
directory: here
correlate: [employeeID]
rules:
  joiner: [{{ create_account: {{ template: without }} }}]
  leaver: [{{ revoke_licences: all }}, {{ convert_mailbox: shared }}, {{ disable: {{}} }}]
"#
    ));
    insta::assert_snapshot!(found, @r#"
    error: test.yaml:9:95: data_source `staff`, attributes.description: found `description`, of which directory `cloud` (Microsoft 365) has none; leave it out, or use one of `extensionAttribute1` to `15`
    error: test.yaml:9:115: data_source `staff`, attributes.whenCreated: found `whenCreated`, which directory `cloud` does not let anybody write; leave it out; Microsoft 365 sets it by itself
    error: test.yaml:22:1: template `in-a-container`: found no `password`, without which Microsoft 365 makes no user; add `password: { must_change: true }`
    warning: test.yaml:22:1: template `in-a-container`, unique: found no `userPrincipalName` of its own; add it to `unique`, for example `userPrincipalName: "{{ givenName }}.{{ sn }}@contoso.com"`
    error: test.yaml:24:12: template `in-a-container`, container: found a container, and directory `cloud` of `type: microsoft365` has none; leave it out; accounts there are named by `userPrincipalName`
    error: test.yaml:25:28: template `in-a-container`, attributes.description: found `description`, which cannot be written in Microsoft 365; leave it out; docs/microsoft-365.md lists what users have
    error: test.yaml:27:1: template `without`, container: found no container, in a template that creates accounts; write the container of new accounts, for example `container: OU=Staff,DC=corp,DC=example`
    error: test.yaml:39:19: automation `to-the-cloud`, rules.mover[0].move: found `move`, which directory `cloud` of `type: microsoft365` cannot do; there are no containers in Microsoft 365; leave the step out
    error: test.yaml:39:57: automation `to-the-cloud`, rules.mover[1].assign_licences[0]: found `all`, which is not the name of a licence; only `revoke_licences: all`, without a list, means all licences
    warning: test.yaml:40:61: automation `to-the-cloud`, rules.leaver[1].set_photo: found `abc`, to which data_source `staff` gives no value; map it in `attributes` of data_source `staff`
    warning: test.yaml:40:86: automation `to-the-cloud`, rules.leaver[2].set_auto_reply: found `nmae`, to which data_source `staff` gives no value; map it in `attributes` of data_source `staff`
    error: test.yaml:49:31: automation `to-here`, rules.leaver[0].revoke_licences: found `revoke_licences`, which directory `here` of `type: local` cannot do; leave it out, or use it with a directory of `type: microsoft365`
    error: test.yaml:49:57: automation `to-here`, rules.leaver[1].convert_mailbox: found `convert_mailbox`, which directory `here` of `type: local` cannot do; leave it out, or use it with a directory of `type: microsoft365`
    "#);
}

#[test]
fn the_examples_of_the_page_are_in_order_together() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/microsoft-365.md");
    let page = std::fs::read_to_string(page).unwrap();
    let examples: Vec<_> = page
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert_eq!(examples.len(), 3);
    let people = PEOPLE.replace(", description: notes, whenCreated: made", "");
    let automation = "kind: automation\nname: to-the-cloud\nsource: staff\ndirectory: cloud\ncorrelate: \
                      [employeeID]\nrules:\n  joiner: [{ create_account: { template: cloud-staff } }]\n  leaver: { \
                      policy: cloud-leaver }\n  rehire: [{ restore: { within: 20d } }, { enable: {} }]\n";
    assert_eq!(
        checked(&format!("{people}{}---\n{automation}", examples.join("---\n"))),
        ""
    );
    // Whatever the table of attributes names can be mapped.
    for property in crate::microsoft365::PROPERTIES {
        for name in property
            .names
            .iter()
            .filter(|name| !name.starts_with("extensionAttribute"))
        {
            assert!(
                page.contains(&format!("`{name}`")) || *name == "msExchUsageLocation",
                "{name}"
            );
        }
    }
}

#[test]
fn tenure_signs_in_by_a_secret_or_by_a_certificate_with_its_key() {
    let found = checked(
        r#"kind: directory
name: neither
type: microsoft365
tenant: contoso.com
authorization: { client_id: tenure }
---
kind: directory
name: half
type: microsoft365
tenant: contoso.com
authorization: { client_id: tenure, certificate: "{{ secret('entra-certificate') }}" }
---
kind: directory
name: both
type: microsoft365
tenant: contoso.com
authorization:
  client_id: tenure
  client_secret: "{{ secret('entra') }}"
  certificate: "{{ secret('entra-certificate') }}"
  private_key: "{{ secret('entra-key') }}"
---
kind: directory
name: right
type: microsoft365
tenant: contoso.com
authorization:
  client_id: tenure
  certificate: "{{ secret('entra-certificate') }}"
  private_key: "{{ secret('entra-key') }}"
---
kind: application
name: half-too
authorization: { type: oauth2, grant: client_credentials, client_id: tenure, private_key: "{{ secret('key') }}", token_url: "https://crm.example.com/token" }
endpoints: [{ name: users, url: "https://crm.example.com/users" }]
---
kind: application
name: entra
preset: entra-id
settings: { tenant: contoso.com, client_id: tenure }
authorization: { certificate: "{{ secret('entra-certificate') }}", private_key: "{{ secret('entra-key') }}" }
"#,
    );
    insta::assert_snapshot!(found, @r#"
    error: test.yaml:5:16: directory `neither`, authorization: found no `client_secret`; write `client_secret`, or `certificate` with its `private_key`
    error: test.yaml:11:16: directory `half`, authorization: found no `private_key`; write `client_secret`, or `certificate` with its `private_key`
    warning: test.yaml:19:18: directory `both`, authorization.client_secret: found `client_secret` with `certificate`; Tenure signs in by the certificate; leave it out
    error: test.yaml:34:16: application `half-too`, authorization: found no `certificate`; `private_key` needs `certificate`
    "#);
}
