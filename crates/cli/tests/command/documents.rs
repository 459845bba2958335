//! The documents of the examples, turned to the test's servers.

use std::path::Path;

use tenure_lab::{SambaDc, Slapd};

/// Names in the examples' documents.
pub const AUTOMATION: &str = "corp-from-jumpcloud";
pub const SOURCE: &str = "jumpcloud-employees";
pub const DIRECTORY: &str = "corp";
/// What the built-in directory manages.
pub const LOCAL_BASE: &str = "DC=corp,DC=example,DC=com";

/// A file of the examples.
pub fn example(path: &str) -> String {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    std::fs::read_to_string(examples.join(path)).unwrap()
}

/// `text` with one thing written differently, which has to be there.
pub fn with(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "`{old}` is not in the example:\n{text}");
    text.replace(old, new)
}

/// The demo's source, fetched from a simulator.
pub fn jumpcloud(url: &str) -> String {
    with(
        &example("demo/jumpcloud.yaml"),
        "https://console.jumpcloud.com",
        url,
    )
}

/// The demo's directory and rules, with guards that let many changes pass.
pub fn local() -> String {
    with(
        &example("demo/corp.yaml"),
        "  disables: [\"5%\", \"10% per 7d\"]\n  deletes: 5\n",
        "  disables: 100%\n",
    )
}

/// The same people as entries of an LDAP server: its classes have other names for some attributes.
pub fn jumpcloud_for_ldap(url: &str) -> String {
    let text = with(&jumpcloud(url), "employeeID:", "employeeNumber:");
    with(
        &text,
        "  department: department",
        "  departmentNumber: department",
    )
}

/// Rules for an LDAP server.
pub fn slapd(server: &Slapd) -> String {
    format!(
        r#"kind: directory
name: corp
type: ldap
url: {url}
base: {base}
encryption: none
bind: {{ user: "{root}", password: "{{{{ secret('corp') }}}}" }}
disabled_by: {{ attribute: businessCategory, value: disabled }}
---
kind: automation
name: corp-from-jumpcloud
source: jumpcloud-employees
directory: corp
correlate: [employeeNumber, mail]
rules:
  joiner:
    - create_account: {{ template: staff }}
    - add_to_groups: "cn=All Staff,{base}"
  mover:
    - modify_attributes: all
  leaver:
    - disable: {{}}
    - move: "ou=Leavers,{base}"
  rehire:
    - enable: {{}}
guards: {{ disables: 100% }}
---
kind: template
name: staff
container: "ou=Staff,{base}"
rdn_attribute: uid
unique:
  uid: ["{{{{ givenName | ascii | substring(0, 1) }}}}{{{{ sn }}}}", "{{{{ employeeNumber }}}}"]
attributes: {{ cn: "{{{{ displayName }}}}" }}
password: {{ length: 16 }}
"#,
        url = server.ldap_url(),
        base = server.base_dn(),
        root = server.root_dn(),
    )
}

/// The containers and the group that [`slapd`] names.
pub fn slapd_entries(server: &Slapd) -> String {
    let base = server.base_dn();
    format!(
        "dn: ou=Staff,{base}\nobjectClass: organizationalUnit\n\n\
         dn: ou=Leavers,{base}\nobjectClass: organizationalUnit\n\n\
         dn: cn=All Staff,{base}\nobjectClass: groupOfNames\nmember: {base}\n\n"
    )
}

/// The example for Active Directory, turned to a domain controller and a simulator, with a group from the start and
/// passwords that can be used at once.
pub fn active_directory(dc: &SambaDc, url: &str) -> String {
    let ca = format!("ca_file: {}", dc.ca_pem_path().display());
    let application = format!(
        "preset: jumpcloud\nprivate_addresses: allowed\nendpoints: [{{ name: users, url: {url}/api/systemusers }}]"
    );
    let changes = [
        ("preset: jumpcloud", application.as_str()),
        ("ldaps://dc1.corp.example.com", &dc.ldaps_url()),
        ("# ca_file: /etc/tenure/corp-ca.pem", &ca),
        ("svc-tenure@corp.example.com", dc.admin_user()),
        ("DC=corp,DC=example,DC=com", dc.base_dn()),
        ("@corp.example.com", &format!("@{}", dc.upn_suffix())),
        ("creates: 50", "creates: 1000"),
        ("disables: [\"5%\", \"10% per 7d\"]", "disables: 100%"),
        (
            "must_change: true }",
            "must_change: false }\ngroups: [\"CN=All Staff,OU=Groups,OU=Tenure,DC=lab,DC=test\"]",
        ),
    ];
    let mut text = example("active-directory/corp.yaml");
    for (old, new) in changes {
        text = with(&text, old, new);
    }
    text
}

/// The containers and the group that [`active_directory`] names.
pub fn active_directory_entries() -> String {
    let containers = [
        "OU=Tenure",
        "OU=Staff,OU=Tenure",
        "OU=Leavers,OU=Tenure",
        "OU=Groups,OU=Tenure",
    ];
    let container = |name| format!("dn: {name},DC=lab,DC=test\nobjectClass: organizationalUnit\n\n");
    let group = "dn: CN=All Staff,OU=Groups,OU=Tenure,DC=lab,DC=test\nobjectClass: group\n\
                 sAMAccountName: All Staff\n\n";
    containers.map(container).concat() + group
}
