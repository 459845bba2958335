//! Steps about mailboxes, and the global catalog.

use super::super::directory::GlobalCatalog;
use super::{checked, good, lines, loaded};

const DOCUMENTS: &str = r#"kind: data_source
name: people
file: { path: people.csv, primary_key: id }
attributes: { employeeID: id, displayName: name }
---
kind: directory
name: corp
type: active_directory
url: ldaps://dc1.corp.example
base: DC=corp,DC=example
bind: { user: svc, password: "{{ secret('corp') }}" }
global_catalog: true
---
kind: automation
name: corp
source: people
directory: corp
correlate: [employeeID]
rules:
  mover: [{ enable_remote_mailbox: { routing_domain: corp.mail.onmicrosoft.com } }, { hide_from_address_lists: false }, { modify_by_template: staff }]
  leaver: [{ disable_remote_mailbox: {} }, { disable_lync: {} }]
---
kind: template
name: staff
proxy_addresses: ["{{ employeeID }}@corp.example"]
"#;

#[test]
fn mailboxes_are_for_active_directory_and_have_a_domain() {
    assert_eq!(checked(DOCUMENTS), "");
    let wrong = DOCUMENTS.replace(
        "corp.mail.onmicrosoft.com }",
        "\"corp mail\", alias: \"{{ nam }}\" }",
    );
    insta::assert_snapshot!(checked(&wrong), @"
    error: test.yaml:20:54: automation `corp`, rules.mover[0].enable_remote_mailbox.routing_domain: found `corp mail`; write the tenant's routing domain, for example `corp.mail.onmicrosoft.com`
    warning: test.yaml:20:74: automation `corp`, rules.mover[0].enable_remote_mailbox.alias: found `nam`, to which data_source `people` gives no value; map it in `attributes` of data_source `people`
    ");
    let ldap = DOCUMENTS.replace("active_directory", "ldap");
    insta::assert_snapshot!(checked(&ldap), @"
    warning: test.yaml:12:17: directory `corp`, global_catalog: found `global_catalog` with `type: ldap`; it is for `type: active_directory` only; leave it out
    error: test.yaml:20:36: automation `corp`, rules.mover[0].enable_remote_mailbox: found `enable_remote_mailbox`, which directory `corp` (`type: ldap`) cannot do; leave it out; it is for `active_directory` only
    error: test.yaml:20:112: automation `corp`, rules.mover[1].hide_from_address_lists: found `hide_from_address_lists`, which directory `corp` (`type: ldap`) cannot do; leave it out; it is for `active_directory` only
    error: test.yaml:21:38: automation `corp`, rules.leaver[0].disable_remote_mailbox: found `disable_remote_mailbox`, which directory `corp` (`type: ldap`) cannot do; leave it out; it is for `active_directory` only
    error: test.yaml:21:60: automation `corp`, rules.leaver[1].disable_lync: found `disable_lync`, which directory `corp` (`type: ldap`) cannot do; leave it out; it is for `active_directory` only
    error: test.yaml:25:18: template `staff`, proxy_addresses: found `proxy_addresses`, which directory `corp` (`type: ldap`) cannot be given; leave it out; it is for `active_directory` only
    ");
}

#[test]
fn the_global_catalog_is_that_of_the_same_servers_or_has_urls() {
    let servers = |words: &str| {
        let documents = good(&DOCUMENTS.replace("global_catalog: true", words));
        documents.directory("corp").unwrap().catalog_servers().to_vec()
    };
    assert_eq!(servers("global_catalog: true"), ["ldaps://dc1.corp.example"]);
    assert_eq!(servers("global_catalog: false"), [] as [String; 0]);
    assert_eq!(
        servers("global_catalog: ldaps://gc.example"),
        ["ldaps://gc.example"]
    );
    assert_eq!(
        servers("global_catalog: [ldap://a, ldap://b]"),
        ["ldap://a", "ldap://b"]
    );
    assert!(matches!(
        good(DOCUMENTS).directory("corp").unwrap().global_catalog,
        Some(GlobalCatalog::SameServers(true))
    ));
    let wrong = DOCUMENTS.replace("global_catalog: true", "global_catalog: [https://gc.example]");
    insta::assert_snapshot!(checked(&wrong), @"error: test.yaml:12:18: directory `corp`, global_catalog[0]: found `https://gc.example`, which is not the address of a directory server; write `ldaps://` (or `ldap://`) and the server's name");
    let nonsense = DOCUMENTS.replace("global_catalog: true", "global_catalog: 3");
    let (_, errors) = loaded(&nonsense);
    insta::assert_snapshot!(lines(&errors), @"error: test.yaml:12:17: directory `corp`, global_catalog: found the number 3; write `true`, `false`, a URL or a list of URLs");
}
