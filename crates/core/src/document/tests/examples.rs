//! Documents that people are shown.

use std::path::Path;

use super::super::{Documents, check, check_automation, load};
use super::{checked, good, lines};

/// The files of a folder of examples.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "yaml") {
            files.push((
                path.display().to_string(),
                std::fs::read_to_string(&path).unwrap(),
            ));
        }
    }
    files
}

fn folders() -> Vec<Vec<(String, String)>> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let folders = std::fs::read_dir(examples)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    folders
        .filter(|path| path.is_dir())
        .map(|path| files(&path))
        .collect()
}

/// The documents of every example, of those with the same name one.
pub(super) fn all() -> Documents {
    folders()
        .iter()
        .flat_map(|files| load(files).0.iter().cloned().collect::<Vec<_>>())
        .collect()
}

#[test]
fn every_example_is_in_order() {
    let folders = folders();
    assert!(folders.len() >= 2);
    for files in folders {
        let (documents, errors) = load(&files);
        assert_eq!(lines(&errors), "");
        assert_eq!(lines(&check(&documents)), "");
        for automation in documents.names(super::super::Kind::Automation) {
            assert_eq!(lines(&check_automation(&documents, automation)), "");
        }
    }
}

#[test]
fn the_examples_of_the_reference_are_in_order_together() {
    let examples = examples_of("documents.md");
    for kind in super::super::kinds() {
        let begins = format!("kind: {kind}\n");
        assert!(
            examples.iter().any(|example| example.starts_with(&begins)),
            "{kind}"
        );
    }
    assert_eq!(checked(&examples.join("---\n")), "");
}

#[test]
fn the_examples_of_fetching_are_in_order_together() {
    let examples = examples_of("fetching.md");
    assert_eq!(examples.len(), 3);
    assert_eq!(checked(&examples.join("---\n")), "");
}

#[test]
fn the_examples_of_the_page_on_home_folders_are_in_order_together() {
    let examples = examples_of("home-folders.md");
    assert_eq!(examples.len(), 2);
    assert_eq!(checked(&examples.join("---\n")), "");
}

#[test]
fn the_examples_of_the_page_on_webhooks_are_in_order() {
    let examples = examples_of("webhooks.md");
    assert_eq!(examples.len(), 2);
    let found = checked(&examples.join("---\n"));
    // They name a source, a directory and a template that are not shown.
    let wrong: Vec<_> = found
        .lines()
        .filter(|line| !line.contains("of which there is no usable document"))
        .collect();
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn the_examples_of_the_pages_on_scripts_and_notifications_are_in_order() {
    for (page, count) in [("scripts.md", 2), ("notifications.md", 4)] {
        let examples = examples_of(page);
        assert_eq!(examples.len(), count, "{page}");
        let found = checked(&examples.join("---\n"));
        // They name a source and a directory that are not shown.
        let mut wrong = found.lines();
        let wrong = wrong.find(|line| !line.contains("of which there is no usable document"));
        assert_eq!(wrong, None, "{page}");
    }
}

/// Names a template, a policy and a table that are not shown.
pub(super) const TYPICAL: &str = r#"kind: application
name: jumpcloud
preset: jumpcloud                 # the catalog fills whatever is not said here
authorization: { type: api_key, key: x-api-key, add_to: header, value: "{{ secret('jumpcloud') }}" }
endpoints:
  - name: users
    method: GET
    url: https://console.jumpcloud.com/api/systemusers
    query: { limit: 100, sort: _id }
    records: $.results[*]
    repeat: { parameter: skip, start: 0, increment: 100, until: "page.records | length == 0" }
---
kind: data_source
name: jumpcloud-employees
application: jumpcloud
endpoints: [{ endpoint: users, primary_key: employeeIdentifier }]
attributes:                       # LDAP name: column path, or a format
  employeeID: employeeIdentifier
  givenName: firstname
  sn: lastname
  displayName: "{{ firstname }} {{ lastname }}"
  telephoneNumber: "{{ phoneNumbers | selectattr('type', 'eq', 'work') | map(attribute='number') | first }}"
lifecycle: { active: "activated and not suspended" }    # also: starts, ends (dates with a time zone)
---
kind: directory
name: corp
type: active_directory
url: ldaps://dc1.corp.example.com
base: DC=corp,DC=example,DC=com
bind: { user: svc-tenure@corp.example.com, password: "{{ secret('corp-ad') }}" }
---
kind: automation
name: corp-from-jumpcloud
source: jumpcloud-employees
directory: corp
correlate: [employeeID, mail]
rules:
  joiner: [{ create_account: { template: staff } }, { add_to_groups: ["CN=All Staff,OU=Groups,DC=corp,DC=example,DC=com"] }, { notify: { template: welcome, to: manager } }]
  mover:  [{ modify_attributes: all }, { move: "{{ ou_for(department) }}" }]
  leaver: { policy: standard-leaver }
  rehire: [{ enable: {} }]
guards: { creates: 50, disables: "5%", deletes: 10 }
approval: two-people
schedule: { cron: "*/15 * * * *", time_zone: Europe/Berlin }
"#;

#[test]
fn a_typical_set_has_warnings_only() {
    insta::assert_snapshot!(checked(TYPICAL), @r#"
    warning: test.yaml:36:25: automation `corp-from-jumpcloud`, correlate[1]: found `mail`, to which data_source `jumpcloud-employees` gives no value; map it in `attributes` of data_source `jumpcloud-employees`
    warning: test.yaml:38:42: automation `corp-from-jumpcloud`, rules.joiner[0].create_account.template: found template `staff`, of which there is no usable document; add a document with `kind: template` and `name: staff`
    warning: test.yaml:38:148: automation `corp-from-jumpcloud`, rules.joiner[2].notify.template: found notification `welcome`, of which there is no usable document; add a document with `kind: notification` and `name: welcome`
    warning: test.yaml:39:48: automation `corp-from-jumpcloud`, rules.mover[1].move: found `department`, to which data_source `jumpcloud-employees` gives no value; map it in `attributes` of data_source `jumpcloud-employees`
    warning: test.yaml:39:48: automation `corp-from-jumpcloud`, rules.mover[1].move: found lookup `ou_for`, of which there is no usable document; add a document with `kind: lookup` and `name: ou_for`
    warning: test.yaml:40:21: automation `corp-from-jumpcloud`, rules.leaver.policy: found policy `standard-leaver`, of which there is no usable document; add a document with `kind: policy` and `name: standard-leaver`
    warning: test.yaml:43:11: automation `corp-from-jumpcloud`, approval: found `approval`, on which this version does not act; a run that needs approval is held, for somebody to look at it
    warning: test.yaml:44:11: automation `corp-from-jumpcloud`, schedule: found `schedule`, on which this version does not act; start runs by `tenure run` from the system's own scheduler
    "#);
}

#[test]
fn what_a_run_needs_must_be_there() {
    insta::assert_snapshot!(lines(&check_automation(&good(TYPICAL), "corp-from-jumpcloud")), @r#"
    error: test.yaml:38:42: automation `corp-from-jumpcloud`, rules.joiner[0].create_account.template: found template `staff`, of which there is no usable document; add a document with `kind: template` and `name: staff`
    error: test.yaml:38:148: automation `corp-from-jumpcloud`, rules.joiner[2].notify.template: found notification `welcome`, of which there is no usable document; add a document with `kind: notification` and `name: welcome`
    error: test.yaml:39:48: automation `corp-from-jumpcloud`, rules.mover[1].move: found lookup `ou_for`, of which there is no usable document; add a document with `kind: lookup` and `name: ou_for`
    error: test.yaml:40:21: automation `corp-from-jumpcloud`, rules.leaver.policy: found policy `standard-leaver`, of which there is no usable document; add a document with `kind: policy` and `name: standard-leaver`
    "#);
    insta::assert_snapshot!(lines(&check_automation(&good(TYPICAL), "corp-from-jumpclout")), @r#"
    error: automation `corp-from-jumpclout`: found no such document that can be used; did you mean `corp-from-jumpcloud`?
    "#);
}

/// The YAML examples of a page of the documentation.
fn examples_of(page: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(page);
    let page = std::fs::read_to_string(page).unwrap();
    page.split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .map(str::to_owned)
        .collect()
}
