//! What documents say of each other, and the texts in them.

use super::super::{check, check_automation};
use super::{checked, good, lines, loaded};

#[test]
fn applications() {
    let found = checked(
        r#"kind: application
name: hr
authorization: { type: api_key, key: X-Key, value: 0123456789abcdef, user: me }
headers: { Accept: application/json, X-Auth-Token: abc, "a b": c }
endpoints:
  - name: users
    url: hr.example.com/users
    query: { since: "{{ now() }", skip: 0 }
    records: results
    total: $.counts[0]
    body: { a: "{{ b" }
    repeat: { parameter: skip, increment: 0, until: "pages.records == 0 or page.size == 0" }
  - name: users
    url: http://hr.example.com/users
  - name: here
    url: http://127.0.0.1:8080/users
limits: { concurrency: 0, response_mib: 5000, timeout: 0s }
---
kind: application
name: basic
authorization: { type: basic }
"#,
    );
    insta::assert_snapshot!(found, @r#"
    warning: test.yaml:3:52: application `hr`, authorization.value: found a password or key in clear; put it into the vault with `tenure secret set NAME`, and write `{{ secret('NAME') }}`
    warning: test.yaml:3:76: application `hr`, authorization.user: found `user` with `type: api_key`; it is not used; leave it out
    warning: test.yaml:4:52: application `hr`, headers.X-Auth-Token: found a password or key in clear; put it into the vault with `tenure secret set NAME`, and write `{{ secret('NAME') }}`
    error: test.yaml:4:64: application `hr`, headers["a b"]: found `a b` as a header's name; write letters, digits and hyphens
    error: test.yaml:7:10: application `hr`, endpoints[0].url: found `hr.example.com/users`, which is not the address of a web server; write an address that begins with `https://`
    error: test.yaml:8:21: application `hr`, endpoints[0].query.since: found `{{ now() }`, which is wrong at character 1: `{{` is not closed; write `}}` after the expression
    error: test.yaml:9:14: application `hr`, endpoints[0].records: found `results`, which does not lead to a list of records; write a JSONPath of names and one final `[*]`, for example `$.results[*]`
    error: test.yaml:10:12: application `hr`, endpoints[0].total: found `$.counts[0]`, which does not lead to one number; write a JSONPath of names, for example `$.totalCount`
    error: test.yaml:11:11: application `hr`, endpoints[0].body: found a body with `method: GET`; leave it out, or write `method: POST`
    error: test.yaml:11:16: application `hr`, endpoints[0].body.a: found `{{ b`, which is wrong at character 1: `{{` is not closed; write `}}` after the expression
    error: test.yaml:12:26: application `hr`, endpoints[0].repeat.parameter: found `skip`, which `query` has too; leave it out of `query`; `start` says its first value
    error: test.yaml:12:43: application `hr`, endpoints[0].repeat.increment: found the number 0; write by how much the parameter grows, 1 at least
    error: test.yaml:12:53: application `hr`, endpoints[0].repeat.until: found `page.size`; only `page.records`, `page.number`, `page.count`, `page.total` and `page.answer` are known here
    error: test.yaml:12:53: application `hr`, endpoints[0].repeat.until: found `pages.records`; only `page.records`, `page.number`, `page.count`, `page.total` and `page.answer` are known here
    error: test.yaml:13:11: application `hr`, endpoints[1].name: found a second endpoint `users`; give one of them another name
    warning: test.yaml:14:10: application `hr`, endpoints[1].url: found an address that is not encrypted; everybody on the way can read the key; write `https://`
    error: test.yaml:16:10: application `hr`, endpoints[2].url: found an address of this machine, which may not be called; write `private_addresses: allowed` in the application when that is meant
    error: test.yaml:17:24: application `hr`, limits.concurrency: found the number 0; write a number from 1 to 64
    error: test.yaml:17:41: application `hr`, limits.response_mib: found the number 5000; write a number from 1 to 1024
    error: test.yaml:17:56: application `hr`, limits.timeout: found no time at all; write for example `60s`
    error: test.yaml:19:1: application `basic`, endpoints: found no endpoint and no webhook; add what is fetched or called, at least a `name` and a `url`
    error: test.yaml:21:16: application `basic`, authorization: found no `password`; `type: basic` needs `password`
    error: test.yaml:21:16: application `basic`, authorization: found no `user`; `type: basic` needs `user`
    "#);
}

#[test]
fn applications_with_oauth2() {
    let found = checked(
        r#"kind: application
name: machine
authorization:
  type: oauth2
  grant: client_credentials
  token_url: http://crm.example.com/token
  client_id: "{{ client"
  scope: ["read write", ""]
  header_prefix: "Bear er"
  pkce: false
  redirect_url: http://127.0.0.1:1/
  token_headers: { authorization: x, "a b": c, X-Tenant: north }
  token_parameters: { scope: all, audience: "{{ secret('audience') }}" }
endpoints: [{ name: users, url: "https://crm.example.com/users" }]
---
kind: application
name: people
authorization:
  type: oauth2
  grant: authorization_code
  token_url: crm.example.com/token
  authorization_url: /authorize
  client_id: tenure
  pkce: false
  key: X-Key
  redirect_url: "http://crm.example.com/back#here"
  authorization_parameters: { state: x, login_hint: "{{ secret('user') }}" }
endpoints: [{ name: users, url: "https://crm.example.com/users" }]
---
kind: application
name: neither
authorization: { type: oauth2, client_id: tenure, client_secret: 0123456789 }
endpoints: [{ name: users, url: "https://crm.example.com/users" }]
---
kind: application
name: other
authorization: { type: none, grant: client_credentials, scope: [read] }
endpoints: [{ name: users, url: "https://crm.example.com/users" }]
---
kind: application
name: right
authorization:
  type: oauth2
  grant: authorization_code
  authorization_url: https://crm.example.com/authorize
  token_url: https://crm.example.com/token?tenant=north
  client_id: tenure
  client_secret: "{{ secret('crm') }}"
  scope: [read, "https://graph.microsoft.com/.default"]
  client_authentication: body
  header_prefix: ""
  token_headers: { Authorization: "{{ secret('other') }}" }
  authorization_parameters: { prompt: consent, max_age: 0 }
endpoints: [{ name: users, url: "https://crm.example.com/users" }]
"#,
    );
    insta::assert_snapshot!(found, @r#"
    error: test.yaml:4:3: application `machine`, authorization: found no `client_secret`; `grant: client_credentials` needs `client_secret`
    warning: test.yaml:6:14: application `machine`, authorization.token_url: found an address that is not encrypted; everybody on the way can read the key; write `https://`
    error: test.yaml:7:14: application `machine`, authorization.client_id: found `{{ client`, which is wrong at character 1: `{{` is not closed; write `}}` after the expression
    error: test.yaml:8:11: application `machine`, authorization.scope[0]: found `read write` as a scope; write each scope by itself, for example `scope: [read, write]`
    error: test.yaml:8:25: application `machine`, authorization.scope[1]: found `` as a scope; write each scope by itself, for example `scope: [read, write]`
    error: test.yaml:9:18: application `machine`, authorization.header_prefix: found `Bear er`, which cannot stand in a header; write one word, for example `Bearer`
    warning: test.yaml:10:9: application `machine`, authorization.pkce: found `pkce` with `grant: client_credentials`; it is not used; leave it out
    warning: test.yaml:11:17: application `machine`, authorization.redirect_url: found `redirect_url` with `grant: client_credentials`; it is not used; leave it out
    error: test.yaml:12:35: application `machine`, authorization.token_headers.authorization: found `authorization`, which token requests have by themselves; leave it out; `client_authentication` says where the credentials go
    warning: test.yaml:12:35: application `machine`, authorization.token_headers.authorization: found a password or key in clear; put it into the vault with `tenure secret set NAME`, and write `{{ secret('NAME') }}`
    error: test.yaml:12:45: application `machine`, authorization.token_headers["a b"]: found `a b` as a header's name; write letters, digits and hyphens
    error: test.yaml:13:30: application `machine`, authorization.token_parameters.scope: found `scope`, which is sent anyway; leave it out; the other fields of `authorization` say it
    error: test.yaml:21:14: application `people`, authorization.token_url: found `crm.example.com/token`, which is not the address of a web server; write an address that begins with `https://`
    error: test.yaml:22:22: application `people`, authorization.authorization_url: found `/authorize`, which is not the address of a web page; write an address that begins with `https://`
    error: test.yaml:24:9: application `people`, authorization.pkce: found neither PKCE nor a `client_secret`; anybody who sees the code could use it; leave `pkce` out, or name the `client_secret`
    warning: test.yaml:25:8: application `people`, authorization.key: found `key` with `grant: authorization_code`; it is not used; leave it out
    warning: test.yaml:26:17: application `people`, authorization.redirect_url: found an address that is not encrypted; everybody on the way can read what is sent; write `https://`
    error: test.yaml:26:17: application `people`, authorization.redirect_url: found an address with a fragment; leave out the `#` and what follows; browsers do not send it
    error: test.yaml:27:38: application `people`, authorization.authorization_parameters.state: found `state`, which is sent anyway; leave it out; the other fields of `authorization` say it
    error: test.yaml:27:53: application `people`, authorization.authorization_parameters.login_hint: found a secret, which would become visible here; secrets can be used in applications and in `bind` of directories
    error: test.yaml:32:16: application `neither`, authorization: found no `grant`; write `grant: client_credentials`, or `grant: authorization_code` when somebody has to agree
    error: test.yaml:32:16: application `neither`, authorization: found no `token_url`; `type: oauth2` needs `token_url`
    warning: test.yaml:32:66: application `neither`, authorization.client_secret: found a password or key in clear; put it into the vault with `tenure secret set NAME`, and write `{{ secret('NAME') }}`
    warning: test.yaml:37:37: application `other`, authorization.grant: found `grant` with `type: none`; it is not used; leave it out
    warning: test.yaml:37:64: application `other`, authorization.scope: found `scope` with `type: none`; it is not used; leave it out
    "#);
}

#[test]
fn data_sources() {
    let found = checked(
        r#"kind: application
name: hr
authorization: { type: none }
endpoints: [{ name: users, url: "https://hr.example.com/users" }]
---
kind: data_source
name: both
application: hr
file: { path: people.jsonl, primary_key: id }
attributes: { mail: email }
---
kind: data_source
name: neither
attributes: {}
---
kind: data_source
name: people
application: hr
endpoints: [{ endpoint: user, primary_key: "id | nmae" }, { endpoint: users, primary_key: "" }]
attributes:
  "given name": firstname
  sn: "{{ lastname | uper }}"
  mail: "{{ secret('mail') }}"
  title: "{{ titel_for(title) }}"
  l: "{{ city"
lifecycle: { active: "activated and", time_zone: Europe/Berln, ends: "{{ endDate }}" }
---
kind: data_source
name: elsewhere
application: hrr
endpoints: [{ endpoint: users, primary_key: id }]
attributes: { mail: email }
---
kind: lookup
name: title_for
values: { a: b, A: c }
---
kind: lookup
name: lower
values: {}
---
kind: lookup
name: ou for
values: {}
"#,
    );
    insta::assert_snapshot!(found, @r#"
    error: test.yaml:9:7: data_source `both`, file: found both `application` and `file`; keep one of them
    error: test.yaml:12:1: data_source `neither`: found neither `application` nor `file`; say where records come from: `application: NAME`, or `file: { path: …, primary_key: … }`
    error: test.yaml:14:13: data_source `neither`, attributes: found no attribute; map at least one, for example `employeeID: employeeIdentifier`
    error: test.yaml:19:25: data_source `people`, endpoints[0].endpoint: found `user`, which is not an endpoint of application `hr`; did you mean `users`?
    error: test.yaml:19:44: data_source `people`, endpoints[0].primary_key: found `id | nmae`, which is wrong at character 6: there is no filter `nmae`; `tenure functions` lists them all
    error: test.yaml:19:91: data_source `people`, endpoints[1].primary_key: found an empty text; write a column, or a format with `{{ … }}`
    error: test.yaml:21:17: data_source `people`, attributes["given name"]: found `given name`, which cannot name an attribute; write the LDAP name of an attribute: letters, digits and hyphens, for example `givenName`
    error: test.yaml:22:7: data_source `people`, attributes.sn: found `{{ lastname | uper }}`, which is wrong at character 15: there is no filter `uper`; did you mean `upper`?
    error: test.yaml:23:9: data_source `people`, attributes.mail: found a secret, which would become visible here; secrets can be used in applications and in `bind` of directories
    warning: test.yaml:24:10: data_source `people`, attributes.title: found lookup `titel_for`, of which there is no usable document; did you mean `title_for`?
    error: test.yaml:25:6: data_source `people`, attributes.l: found `{{ city`, which is wrong at character 1: `{{` is not closed; write `}}` after the expression
    error: test.yaml:26:22: data_source `people`, lifecycle.active: found `activated and`, which is wrong at character 11: unexpected end of input, expected expression
    error: test.yaml:26:50: data_source `people`, lifecycle.time_zone: found `Europe/Berln`, which is not a time zone; did you mean `Europe/Berlin`?
    warning: test.yaml:30:14: data_source `elsewhere`, application: found application `hrr`, of which there is no usable document; did you mean `hr`?
    error: test.yaml:36:14: lookup `title_for`, values.a: found `a` and `A`, which differ in case only; keys are compared without regard to case; keep one
    error: test.yaml:39:7: lookup `lower`, name: found `lower`, which is a function of expressions; choose another name
    error: test.yaml:43:7: lookup `ou for`, name: found `ou for`, which expressions cannot call; expressions call it by its name: write letters, digits and underscores
    "#);
}

#[test]
fn directories() {
    let found = checked(
        r#"kind: directory
name: ad
type: active_directory
base: OU=People,corp
disabled_by: { attribute: "a b", value: x }
---
kind: directory
name: ldap
type: ldap
url: https://ldap.example.com
base: O=Example
bind: { user: cn=admin, password: hunter2 }
filter: (objectClass=person
connections: 0
---
kind: directory
name: open
type: ldap
url: ldap://ldap.example.com/dc=example
base: dc=example
encryption: none
bind: { user: cn=admin, password: "{{ secret('ldap') }}" }
---
kind: directory
name: local
type: local
url: ldap://localhost
base: ""
"#,
    );
    insta::assert_snapshot!(found, @r#"
    error: test.yaml:1:1: directory `ad`: found no `bind`; `type: active_directory` needs `bind: { user: …, password: … }`
    error: test.yaml:1:1: directory `ad`: found no `url`; `type: active_directory` needs `url`, for example `ldaps://dc1.corp.example`
    error: test.yaml:4:7: directory `ad`, base: found `OU=People,corp`, which is not a distinguished name; `corp` should read `attribute=value`
    warning: test.yaml:5:14: directory `ad`, disabled_by: found `disabled_by` with `type: active_directory`; it is for `type: ldap` only; leave it out
    error: test.yaml:5:27: directory `ad`, disabled_by.attribute: found `a b`, which cannot name an attribute; write the LDAP name of an attribute: letters, digits and hyphens, for example `givenName`
    error: test.yaml:10:6: directory `ldap`, url: found `https://ldap.example.com`, which is not the address of a directory server; write `ldaps://` (or `ldap://`) and the server's name
    warning: test.yaml:12:35: directory `ldap`, bind.password: found a password or key in clear; put it into the vault with `tenure secret set NAME`, and write `{{ secret('NAME') }}`
    error: test.yaml:13:9: directory `ldap`, filter: found a filter whose `)` is missing; write a filter of RFC 4515, for example `(&(objectClass=user)(cn=a*))`
    error: test.yaml:14:14: directory `ldap`, connections: found the number 0; write a number from 1 to 32
    error: test.yaml:19:6: directory `open`, url: found `ldap://ldap.example.com/dc=example`, which says more than the server; the subtree is said by `base`
    warning: test.yaml:21:13: directory `open`, encryption: found `none` for a server that is not this machine; everybody on the way can read passwords; leave it out, or write `required`
    warning: test.yaml:27:6: directory `local`, url: found `url` with `type: local`; it is not used: a local directory is in Tenure's own database; leave it out
    error: test.yaml:28:7: directory `local`, base: found an empty name; write a distinguished name, for example `OU=Staff,DC=corp,DC=example`
    "#);
}

/// A set that has nothing wrong with it, to be changed.
const SOUND: &str = r#"kind: data_source
name: people
file: { path: people.jsonl, primary_key: id }
attributes: { employeeID: id, givenName: first, sn: last, displayName: "{{ first }} {{ last }}", department: dep }
---
kind: directory
name: corp
type: active_directory
url: ldaps://dc1.corp.example
base: DC=corp,DC=example
bind: { user: svc, password: "{{ secret('corp') }}" }
---
kind: template
name: staff
container: OU=Staff,DC=corp,DC=example
unique: { sAMAccountName: "{{ givenName }}.{{ sn }}", userPrincipalName: "{{ sAMAccountName }}@corp.example" }
---
kind: policy
name: leave
steps: [{ disable: {} }, { move: "OU=Leavers,DC=corp,DC=example" }, { delete: {}, after: 90d }]
---
kind: automation
name: corp
source: people
directory: corp
correlate: [employeeID]
rules:
  joiner: [{ create_account: { template: staff } }]
  mover: [{ modify_attributes: all }]
  leaver: { policy: leave }
"#;

/// What is said after a change of the sound set.
fn changed(from: &str, to: &str) -> String {
    assert!(SOUND.contains(from), "{from}");
    checked(&SOUND.replace(from, to))
}

#[test]
fn a_sound_set_has_nothing_wrong_with_it() {
    assert_eq!(checked(SOUND), "");
    assert_eq!(lines(&check_automation(&good(SOUND), "corp")), "");
}

#[test]
fn names_that_nothing_gives_a_value() {
    insta::assert_snapshot!(changed("correlate: [employeeID]", "correlate: [employeeId, mial]"), @r#"
    warning: test.yaml:26:25: automation `corp`, correlate[1]: found `mial`, to which data_source `people` gives no value; map it in `attributes` of data_source `people`
    "#);
    insta::assert_snapshot!(changed("{{ givenName }}.{{ sn }}", "{{ givnName }}.{{ surname }}"), @r#"
    warning: test.yaml:16:27: template `staff`, unique.sAMAccountName: found `givnName`, to which data_source `people` gives no value; did you mean `givenName`?
    warning: test.yaml:16:27: template `staff`, unique.sAMAccountName: found `surname`, to which data_source `people` gives no value; map it in `attributes` of data_source `people`
    "#);
    insta::assert_snapshot!(changed("modify_attributes: all", "modify_attributes: [departmnt, sn]"), @r#"
    warning: test.yaml:29:33: automation `corp`, rules.mover[0].modify_attributes[0]: found `departmnt`, to which data_source `people` gives no value; did you mean `department`?
    "#);
    let step = r#"move: "OU={{ departmnt }},DC=corp,DC=example", when: "dn and titel""#;
    insta::assert_snapshot!(changed("modify_attributes: all", step), @r#"
    warning: test.yaml:29:19: automation `corp`, rules.mover[0].move: found `departmnt`, to which data_source `people` gives no value; did you mean `department`?
    warning: test.yaml:29:66: automation `corp`, rules.mover[0].when: found `titel`, to which data_source `people` gives no value; map it in `attributes` of data_source `people`
    "#);
}

#[test]
fn steps() {
    insta::assert_snapshot!(changed("disable: {} }", "disable: {}, enable: {} }, { after: 3d }"), @r#"
    error: test.yaml:20:9: policy `leave`, steps[0]: found `enable` and `disable` in one step; make a step of each
    error: test.yaml:20:38: policy `leave`, steps[1]: found a step without an action; add one of `create_account`, `modify_by_template`, `modify_attributes`, `move`, `add_to_groups`, `remove_from_groups`, `move_across_groups`, `enable`, `disable`, `delete`, `restore`, `reset_password`, `unlock`, `set_expiry`, `set_manager`, `set_photo`, `remove_photo`, `enable_remote_mailbox`, `disable_remote_mailbox`, `disable_lync`, `hide_from_address_lists`, `assign_licences`, `revoke_licences`, `revoke_sessions`, `set_auto_reply`, `convert_mailbox`, `call_webhook`, `run_script`, `notify`, `create_home_folder`, `move_home_folder`, `delete_home_folder`
    "#);
    insta::assert_snapshot!(changed("modify_attributes: all", "add_to_groups: [all, staff]"), @r#"
    error: test.yaml:29:29: automation `corp`, rules.mover[0].add_to_groups[0]: found `all`, which is not the name of a group; only `remove_from_groups: all`, without a list, means all groups
    error: test.yaml:29:34: automation `corp`, rules.mover[0].add_to_groups[1]: found `staff`, which is not a distinguished name; `staff` should read `attribute=value`
    "#);
    insta::assert_snapshot!(changed("{ policy: leave }", "[{ create_account: { template: staf } }]"), @r#"
    error: test.yaml:30:30: automation `corp`, rules.leaver[0].create_account: found an account made for leavers; nobody who leaves needs an account; move it to `joiner`
    warning: test.yaml:30:42: automation `corp`, rules.leaver[0].create_account.template: found template `staf`, of which there is no usable document; did you mean `staff`?
    "#);
}

#[test]
fn steps_of_directories_of_accounts() {
    let steps = "[{ reset_password: { length: 3 } }, { restore: {}, after: 1d }, { set_manager: departmnt }, { set_photo: \"{{ pictur }}\" }, \
                 { disable: { stamp: { description: \"{{ event }} {{ since }} {{ tite }}\" }, move_to: OU=X, remove_from_groups: [all] } }, \
                 { move_across_groups: { to: a, among: all } }, { delete: { children: true } }]";
    insta::assert_snapshot!(changed("[{ modify_attributes: all }]", steps), @r"
    error: test.yaml:29:29: automation `corp`, rules.mover[0].reset_password: found `reset_password` in a mover rule, which is asked with every change of a person; write it in the leaver or rehire rule
    error: test.yaml:29:39: automation `corp`, rules.mover[0].reset_password.length: found the number 3; write a number from 8 to 128
    error: test.yaml:29:57: automation `corp`, rules.mover[1].restore: found `restore` in a mover rule; write it in the rehire rule
    error: test.yaml:29:57: automation `corp`, rules.mover[1].restore: found `restore` with `when` or `after`; leave them out: an account comes back before anything can be asked of it
    warning: test.yaml:29:89: automation `corp`, rules.mover[2].set_manager: found `departmnt`, to which data_source `people` gives no value; did you mean `department`?
    warning: test.yaml:29:115: automation `corp`, rules.mover[3].set_photo: found `pictur`, to which data_source `people` gives no value; map it in `attributes` of data_source `people`
    error: test.yaml:29:217: automation `corp`, rules.mover[4].disable.move_to: found `OU=X`, which is outside of the directory's base; Tenure touches nothing outside of `base` of directory `corp`: `DC=corp,DC=example`
    error: test.yaml:29:244: automation `corp`, rules.mover[4].disable.remove_from_groups[0]: found `all`, which is not the name of a group; only `remove_from_groups: all`, without a list, means all groups
    error: test.yaml:29:282: automation `corp`, rules.mover[5].move_across_groups.to: found `a`, which is not a distinguished name; `a` should read `attribute=value`
    error: test.yaml:29:292: automation `corp`, rules.mover[5].move_across_groups.among: found `all`, which is not the name of a group; only `remove_from_groups: all`, without a list, means all groups
    ");
    let steps = "[{ unlock: {} }, { set_expiry: end }, { set_photo: mail }, { restore: {} }, { delete: { children: true } }]";
    let ldap = SOUND
        .replace("active_directory", "ldap")
        .replace("{ policy: leave }", "[]")
        .replace("[{ disable: {} }, ", "[")
        .replace("[{ modify_attributes: all }]", steps);
    insta::assert_snapshot!(checked(&ldap), @r"
    error: test.yaml:29:41: automation `corp`, rules.mover[1].set_expiry: found `set_expiry`, which directory `corp` (`type: ldap`) cannot do; leave it out; it is for `active_directory` and `local` only
    warning: test.yaml:29:61: automation `corp`, rules.mover[2].set_photo: found `mail`, to which data_source `people` gives no value; map it in `attributes` of data_source `people`
    error: test.yaml:29:80: automation `corp`, rules.mover[3].restore: found `restore` in a mover rule; write it in the rehire rule
    error: test.yaml:29:80: automation `corp`, rules.mover[3].restore: found `restore`, which directory `corp` of `type: ldap` cannot do; leave it out, or use it with a directory of `type: active_directory` or `type: microsoft365`
    error: test.yaml:29:108: automation `corp`, rules.mover[4].delete.children: found `delete.children`, which directory `corp` (`type: ldap`) cannot do; leave it out; it is for `active_directory` only
    ");
    let scope = "base: DC=corp,DC=example\nscope: { exclude_containers: [X], exclude_groups: [Y], exclude: [\"(a\"] }";
    insta::assert_snapshot!(changed("base: DC=corp,DC=example", scope), @r"
    error: test.yaml:11:31: directory `corp`, scope.exclude_containers[0]: found `X`, which is not a distinguished name; `X` should read `attribute=value`
    error: test.yaml:11:52: directory `corp`, scope.exclude_groups[0]: found `Y`, which is not a distinguished name; `Y` should read `attribute=value`
    error: test.yaml:11:66: directory `corp`, scope.exclude[0]: found `a`, which compares nothing with `=`; write a filter of RFC 4515, for example `(employeeType=service)`
    ");
}

#[test]
fn templates_in_their_directory() {
    insta::assert_snapshot!(changed("container: OU=Staff,DC=corp", "container: OU=Staff,DC=other"), @r#"
    error: test.yaml:15:12: template `staff`, container: found `OU=Staff,DC=other,DC=example`, which is outside of the directory's base; Tenure touches nothing outside of `base` of directory `corp`: `DC=corp,DC=example`
    "#);
    insta::assert_snapshot!(changed("OU=Leavers,DC=corp,DC=example", "Leavers"), @r#"
    error: test.yaml:20:34: policy `leave`, steps[1].move: found `Leavers`, which is not a distinguished name; `Leavers` should read `attribute=value`
    "#);
    insta::assert_snapshot!(changed("sAMAccountName: \"", "uid: \""), @r#"
    warning: test.yaml:16:9: template `staff`, unique: found no login name: `sAMAccountName` is neither made nor mapped; add `sAMAccountName` to `unique`, with formats such as `{{ givenName }}.{{ sn }}`
    warning: test.yaml:16:63: template `staff`, unique.userPrincipalName: found `sAMAccountName`, to which data_source `people` gives no value; map it in `attributes` of data_source `people`
    "#);
    let ldap = SOUND.replace("active_directory", "ldap");
    insta::assert_snapshot!(checked(&ldap), @r#"
    error: test.yaml:20:20: policy `leave`, steps[0].disable: found `disable`, and directory `corp` does not say how; add `disabled_by: { attribute: …, value: … }` to the directory
    "#);
}

#[test]
fn guards_and_schedules() {
    let more = "source: people\nguards: { shrink: 20% per 7d, creates: [], canaries: ['', a] }\nschedule: { cron: '* * *', time_zone: Europa/Berlin }";
    insta::assert_snapshot!(changed("source: people", more), @r#"
    error: test.yaml:25:19: automation `corp`, guards.shrink: found `20% per 1w`, with a span of time; what came is compared with what is known now; write `20%`
    error: test.yaml:25:40: automation `corp`, guards.creates: found an empty list; leave it out for the limit that holds when nothing is said, or write one
    error: test.yaml:25:55: automation `corp`, guards.canaries[0]: found ``, which is not a key; write the primary key of a person, up to 256 bytes
    warning: test.yaml:26:11: automation `corp`, schedule: found `schedule`, on which this version does not act; start runs by `tenure run` from the system's own scheduler
    error: test.yaml:26:19: automation `corp`, schedule.cron: found `* * *`, which has 3 fields instead of 5; write minute, hour, day of the month, month and day of the week, for example `*/15 * * * *`
    error: test.yaml:26:39: automation `corp`, schedule.time_zone: found `Europa/Berlin`, which is not a time zone; did you mean `Europe/Berlin`?
    "#);
}

#[test]
fn a_document_that_cannot_be_used_is_not_reported_as_missing_too() {
    let (documents, errors) = loaded(&SOUND.replace("container:", "containr:"));
    insta::assert_snapshot!(lines(&errors), @r#"
    error: test.yaml:15:1: template `staff`: found `containr`, which is not a field here; did you mean `container`?
    "#);
    assert_eq!(lines(&check(&documents)), "");
    insta::assert_snapshot!(lines(&check_automation(&documents, "corp")), @r#"
    error: test.yaml:28:42: automation `corp`, rules.joiner[0].create_account.template: found template `staff`, of which there is no usable document; correct its errors first, see `tenure check`
    "#);
}

#[test]
fn errors_elsewhere_do_not_keep_an_automation_from_running() {
    let documents = good(&format!("{SOUND}---\nkind: lookup\nname: ou for\nvalues: {{}}\n"));
    assert_eq!(check(&documents).len(), 1);
    assert_eq!(check_automation(&documents, "corp"), []);
}

#[test]
fn several_servers_of_one_directory() {
    let found = checked(
        r#"kind: directory
name: corp
type: active_directory
url: [ldaps://dc1.corp.example, ldaps://dc2.corp.example]
full_read_every: 12h
base: DC=corp,DC=example
bind: { user: svc@corp.example, password: "{{ secret('corp-ad') }}" }
---
kind: directory
name: mixed
type: active_directory
url: [ldaps://dc1.corp.example, "dc2.corp.example", ldap://dc3.corp.example]
base: DC=corp,DC=example
bind: { user: svc@corp.example, password: "{{ secret('corp-ad') }}" }
---
kind: directory
name: none
type: active_directory
url: []
base: DC=corp,DC=example
bind: { user: svc@corp.example, password: "{{ secret('corp-ad') }}" }
"#,
    );
    insta::assert_snapshot!(found, @r#"
    error: test.yaml:12:6: directory `mixed`, url: found servers with `ldaps://` beside others with `ldap://`; write either `ldaps://` for all of them, or `ldap://`
    error: test.yaml:12:33: directory `mixed`, url[1]: found `dc2.corp.example`, which is not the address of a directory server; write `ldaps://` (or `ldap://`) and the server's name
    error: test.yaml:19:6: directory `none`, url: found an empty list; name a server at least
    "#);
}
