//! One company over some days: every rule, in the change lists that an administrator would read.

use tenure_core::link::LinkState;
use tenure_core::plan::Absence;

use crate::company::Company;

pub const CORP: &str = r#"
kind: application
name: hr
endpoints: [{ name: people, url: "https://hr.example.com/people" }]
---
kind: data_source
name: staff
application: hr
endpoints: [{ endpoint: people, primary_key: number }]
attributes:
  employeeID: number
  givenName: first
  sn: last
  displayName: "{{ first }} {{ last }}"
  mail: { from: mail, write: keep_if_source_empty }
  department: department
  title: { from: title, write: on_create }
  telephoneNumber: phone
lifecycle: { active: not suspended, starts: starts, ends: ends, time_zone: Europe/Berlin }
---
kind: directory
name: corp
type: local
base: DC=corp,DC=test
---
kind: template
name: staff
container: "{{ ou_for(department) }}"
unique:
  sAMAccountName: ["{{ givenName | ascii | substring(0, 1) }}{{ sn }}", "{{ givenName }}.{{ sn }}"]
  userPrincipalName: "{{ sAMAccountName }}@corp.test"
password: { length: 16, must_change: true }
---
kind: lookup
name: ou_for
values: { Sales: "OU=Sales,DC=corp,DC=test", Research: "OU=Research,DC=corp,DC=test" }
otherwise: OU=Staff,DC=corp,DC=test
---
kind: automation
name: corp
source: staff
directory: corp
correlate: [employeeID, mail]
rules:
  joiner:
    - create_account: { template: staff }
    - add_to_groups: "CN=All,OU=Groups,DC=corp,DC=test"
  mover:
    - modify_attributes: all
    - move: "{{ ou_for(department) }}"
  leaver:
    - disable: {}
    - remove_from_groups: all
    - move: OU=Leavers,DC=corp,DC=test
    - delete: {}
      after: 90d
  rehire:
    - enable: {}
    - add_to_groups: "CN=All,OU=Groups,DC=corp,DC=test"
"#;

/// Records of people: what is not said is the same for all.
pub fn person(number: &str, first: &str, last: &str, more: &str) -> String {
    let more = if more.is_empty() {
        String::new()
    } else {
        format!(", {more}")
    };
    format!(r#"{{"number": "{number}", "first": "{first}", "last": "{last}", "suspended": false{more}}}"#)
}

#[test]
fn people_join_move_leave_and_return() {
    let mut corp = Company::new(CORP);
    let ada = person(
        "1",
        "Ada",
        "Lovelace",
        r#""mail": "ada@corp.test", "department": "Research", "title": "Analyst""#,
    );
    let grace = person(
        "2",
        "Grace",
        "Hopper",
        r#""department": "Sales", "starts": "2026-12-01""#,
    );
    let rene = person("3", "René", "Müller-Lüdenscheidt", r#""phone": "+49 30 1234""#);

    let plan = corp.run(&[ada.clone(), grace.clone(), rene.clone()]);
    insta::assert_snapshot!(plan);
    assert_eq!(plan.summary.upcoming, 1, "Grace starts in December");
    assert_eq!(
        corp.plan(&[ada.clone(), grace.clone(), rene.clone()]).to_string(),
        "nothing to do"
    );

    // Ada moves to Sales and has no address any more; the title of her account was changed by hand.
    for entry in corp
        .directory
        .values_mut()
        .filter(|entry| entry.values.contains_key("title"))
    {
        entry
            .values
            .insert("title".to_owned(), vec!["Countess".to_owned()]);
    }
    let ada = person("1", "Ada", "King", r#""department": "Sales", "title": "Analyst""#);
    insta::assert_snapshot!(corp.run(&[ada.clone(), grace.clone(), rene.clone()]));

    // René's contract ends, and Ada's record is gone.
    let ended = person(
        "3",
        "René",
        "Müller-Lüdenscheidt",
        r#""phone": "+49 30 1234", "ends": "2026-11-30""#,
    );
    assert_eq!(
        corp.plan(&[ada.clone(), ended.clone()]).summary.leavers,
        0,
        "the last day counts"
    );
    corp.now = "2026-12-01T08:00:00Z".parse().unwrap();
    insta::assert_snapshot!(corp.run(&[grace.clone(), ended.clone()]));
    assert_eq!(
        (corp.state("1"), corp.state("3")),
        (Some(LinkState::Left), Some(LinkState::Left))
    );
    assert_eq!(
        corp.plan(&[grace.clone(), ended.clone()]).to_string(),
        "nothing to do"
    );

    // Ada returns; René's account goes for good after ninety days.
    corp.now = "2027-03-15T08:00:00Z".parse().unwrap();
    insta::assert_snapshot!(corp.run(&[ada.clone(), grace.clone(), ended.clone()]));
    insta::assert_snapshot!(corp.listing());
    assert_eq!(corp.plan(&[ada, grace, ended]).to_string(), "nothing to do");
}

#[test]
fn an_account_that_was_there_is_recognised_and_an_ambiguous_one_is_left_alone() {
    let mut corp = Company::new(CORP);
    corp.account(
        "a",
        "CN=Old Ada,OU=Staff,DC=corp,DC=test",
        &[("employeeID", "1"), ("sn", "Byron")],
    );
    corp.account("b", "CN=G1,OU=Sales,DC=corp,DC=test", &[("mail", "g@corp.test")]);
    corp.account("c", "CN=G2,OU=Sales,DC=corp,DC=test", &[("mail", "G@CORP.test")]);
    corp.account(
        "d",
        "CN=Rene,OU=Staff,DC=corp,DC=test",
        &[("mail", "r@corp.test")],
    );
    insta::assert_snapshot!(corp.run(&[
        person("1", "Ada", "Lovelace", ""),
        person("2", "Grace", "Hopper", r#""mail": "g@corp.test""#),
        person("3", "René", "Müller", r#""mail": "R@corp.test""#),
        person("4", "Renate", "Müller", r#""mail": "r@corp.test""#),
    ]));
}

#[test]
fn records_that_cannot_be_used_are_told_and_stop_nobody_else() {
    let mut corp = Company::new(CORP);
    insta::assert_snapshot!(corp.run(&[
        person("1", "Ada", "Lovelace", ""),
        r#"{"first": "Nobody"}"#.to_owned(),
        r#"{"number": "2", "first": "#.to_owned(),
        person("3", "Grace", "Hopper", ""),
        person("3", "Grace", "Murray", ""),
        person("4", "Linus", "T", r#""ends": "sometime""#),
        r#"{"number": "5", "first": "Plato", "suspended": false}"#.to_owned(),
    ]));
}

#[test]
fn nobody_is_gone_while_the_fetch_was_not_whole() {
    let mut corp = Company::new(CORP);
    let (ada, grace) = (
        person("1", "Ada", "Lovelace", ""),
        person("2", "Grace", "Hopper", ""),
    );
    corp.run(&[ada.clone(), grace]);
    corp.absence = Absence::Unproven;
    assert_eq!(corp.plan(&[ada]).to_string(), "nothing to do");
}

#[test]
fn an_account_that_was_deleted_by_hand_is_not_made_anew_by_itself() {
    let mut corp = Company::new(CORP);
    let ada = person("1", "Ada", "Lovelace", "");
    corp.run(std::slice::from_ref(&ada));
    corp.directory.clear();
    insta::assert_snapshot!(corp.plan(&[ada]));
}
