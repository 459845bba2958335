//! Templates in change lists: rules and which of them won, names and their numbers, what is reserved, models, templates
//! that extend each other, templates for accounts that are there, and steps of the joiner rule that come later.

use proptest::prelude::*;
use tenure_core::link::LinkState;

use crate::company::{Company, Plan};
use crate::story::{CORP, person};

/// The company with its template and rules replaced.
fn corp(template: &str, joiner: &str, mover: &str) -> Company {
    Company::new(&documents(template, joiner, mover))
}

fn documents(template: &str, joiner: &str, mover: &str) -> String {
    let (before, rest) = CORP.split_once("kind: template").unwrap();
    let (_, after) = rest.split_once("---\n").unwrap();
    let (after, _) = after.split_once("rules:\n").unwrap();
    format!("{before}{template}\n---\n{after}rules:\n  joiner:\n{joiner}  mover:\n{mover}")
}

const JOINER: &str = "    - create_account: { template: staff }\n";
const MOVER: &str = "    - modify_attributes: all\n";

fn in_department(number: &str, first: &str, last: &str, department: &str) -> String {
    person(number, first, last, &format!(r#""department": "{department}""#))
}

/// Plans, carries out, and sees that nothing is left to do.
fn once(corp: &mut Company, people: &[String]) -> Plan {
    let plan = corp.run(people);
    assert_eq!(corp.plan(people).to_string(), "nothing to do");
    plan
}

const WITH_RULES: &str = r#"kind: template
name: staff
container: OU=Staff,DC=corp,DC=test
unique: { sAMAccountName: "{{ givenName }}" }
attributes: { company: Example }
groups: ["CN=All,OU=Groups,DC=corp,DC=test"]
rules:
  - name: engineers
    when: department == 'IT' or department == 'Lab'
    container: OU=Engineers,DC=corp,DC=test
    attributes: { company: Example Engineering, l: Berlin }
    groups: ["CN=Engineers,OU=Groups,DC=corp,DC=test"]
  - when: department == 'Lab'
    container: OU=Lab,DC=corp,DC=test
    attributes: { l: Potsdam, wWWHomePage: "https://lab.corp.test" }
    override: { department: Laboratory }
    groups: ["CN=Lab,OU=Groups,DC=corp,DC=test"]
    password: { style: words }
    enabled: false
    then: stop
  - name: everybody else
    when: "true"
    groups: ["CN=Guests,OU=Groups,DC=corp,DC=test"]
"#;

#[test]
fn rules_that_hold_add_groups_and_the_first_wins_for_the_rest() {
    let mut corp = corp(
        WITH_RULES,
        JOINER,
        "    - move: OU=Lab,DC=corp,DC=test\n      when: department == 'Nobody'\n",
    );
    let plan = once(
        &mut corp,
        &[
            in_department("1", "Ada", "Byrne", "IT"),
            in_department("2", "Bob", "Crane", "Lab"),
            in_department("3", "Cy", "Dahl", "Sales"),
        ],
    );
    insta::assert_snapshot!(plan, @"
    + Ada Byrne (1)  joiner: active in the source, has no account
        create CN=Ada Byrne,OU=Engineers,DC=corp,DC=test  [joiner, template staff, rules engineers and everybody else]
            CN: Ada Byrne
            sAMAccountName: ada
            department: IT
            displayName: Ada Byrne
            employeeID: 1
            givenName: Ada
            sn: Byrne
            company: Example Engineering
            l: Berlin
        add to CN=All,OU=Groups,DC=corp,DC=test  [joiner, template staff]
        add to CN=Engineers,OU=Groups,DC=corp,DC=test  [joiner, template staff, rule engineers]
        add to CN=Guests,OU=Groups,DC=corp,DC=test  [joiner, template staff, rule everybody else]

    + Bob Crane (2)  joiner: active in the source, has no account
        create CN=Bob Crane,OU=Engineers,DC=corp,DC=test (disabled)  [joiner, template staff, rules engineers and `department == 'Lab'`]
            CN: Bob Crane
            sAMAccountName: bob
            department: Laboratory
            displayName: Bob Crane
            employeeID: 2
            givenName: Bob
            sn: Crane
            company: Example Engineering
            l: Berlin
            wWWHomePage: https://lab.corp.test
            password: 5 random words
        add to CN=All,OU=Groups,DC=corp,DC=test  [joiner, template staff]
        add to CN=Engineers,OU=Groups,DC=corp,DC=test  [joiner, template staff, rule engineers]
        add to CN=Lab,OU=Groups,DC=corp,DC=test  [joiner, template staff, rule `department == 'Lab'`]

    + Cy Dahl (3)  joiner: active in the source, has no account
        create CN=Cy Dahl,OU=Staff,DC=corp,DC=test  [joiner, template staff, rule everybody else]
            CN: Cy Dahl
            sAMAccountName: cy
            department: Sales
            displayName: Cy Dahl
            employeeID: 3
            givenName: Cy
            sn: Dahl
            company: Example
        add to CN=All,OU=Groups,DC=corp,DC=test  [joiner, template staff]
        add to CN=Guests,OU=Groups,DC=corp,DC=test  [joiner, template staff, rule everybody else]
    ");
}

#[test]
fn names_are_numbered_as_the_template_says_and_avoid_what_is_reserved_and_taken_elsewhere() {
    let template = r#"kind: template
name: staff
container: OU=Staff,DC=corp,DC=test
language: de
reserved: [svc-*, chef]
unique:
  sAMAccountName:
    formats: "{{ givenName }}"
    suffix: { from: 1, width: 2 }
  userPrincipalName:
    formats: "{{ sAMAccountName }}@corp.test"
    also_in: [proxyAddresses]
  employeeNumber:
    formats: "{{ department }}"
    within: container
    when_taken: do_not_create
"#;
    let mut corp = corp(template, JOINER, MOVER);
    corp.account(
        "hand",
        "CN=Hand,OU=Other,DC=corp,DC=test",
        &[
            ("proxyAddresses", "SMTP:Joerg@corp.test"),
            ("employeeNumber", "A"),
        ],
    );
    let people = [
        in_department("1", "Jörg", "A", "A"),
        in_department("2", "Jörg", "B", "B"),
        in_department("3", "Root", "C", "C"),
        in_department("4", "Svc-Backup", "D", "D"),
        in_department("5", "Chef", "E", "E"),
        in_department("6", "Eve", "F", "A"),
    ];
    let plan = corp.run(&people);
    insta::assert_snapshot!(plan, @"
    + Jörg A (1)  joiner: active in the source, has no account
        create CN=Jörg A,OU=Staff,DC=corp,DC=test  [joiner, template staff; userPrincipalName joerg2@corp.test since joerg@corp.test is taken]
            CN: Jörg A
            employeeNumber: A
            sAMAccountName: joerg
            userPrincipalName: joerg2@corp.test
            department: A
            displayName: Jörg A
            employeeID: 1
            givenName: Jörg
            sn: A

    + Jörg B (2)  joiner: active in the source, has no account
        create CN=Jörg B,OU=Staff,DC=corp,DC=test  [joiner, template staff; sAMAccountName joerg01 since joerg is taken]
            CN: Jörg B
            employeeNumber: B
            sAMAccountName: joerg01
            userPrincipalName: joerg01@corp.test
            department: B
            displayName: Jörg B
            employeeID: 2
            givenName: Jörg
            sn: B

    + Root C (3)  joiner: active in the source, has no account
        create CN=Root C,OU=Staff,DC=corp,DC=test  [joiner, template staff; sAMAccountName root01 since root is reserved]
            CN: Root C
            employeeNumber: C
            sAMAccountName: root01
            userPrincipalName: root01@corp.test
            department: C
            displayName: Root C
            employeeID: 3
            givenName: Root
            sn: C

    + Chef E (5)  joiner: active in the source, has no account
        create CN=Chef E,OU=Staff,DC=corp,DC=test  [joiner, template staff; sAMAccountName chef01 since chef is reserved]
            CN: Chef E
            employeeNumber: E
            sAMAccountName: chef01
            userPrincipalName: chef01@corp.test
            department: E
            displayName: Chef E
            employeeID: 5
            givenName: Chef
            sn: E

    ! 4  value: joiner, template staff: no free sAMAccountName is left
    ! 6  value: joiner, template staff: no free employeeNumber is left
    ");
}

#[test]
fn a_template_extends_another_and_copies_from_a_model_of_the_department() {
    let template = r#"kind: template
name: base
container: OU=Staff,DC=corp,DC=test
unique: { sAMAccountName: "{{ givenName }}" }
attributes: { company: Example, co: Germany }
groups: ["CN=All,OU=Groups,DC=corp,DC=test"]
---
kind: template
name: staff
extends: base
attributes: { company: Example Labs }
copy_from: { account: "CN=Model {{ department }},OU=Models,DC=corp,DC=test", attributes: [physicalDeliveryOfficeName, co] }
"#;
    let mut corp = corp(template, JOINER, MOVER);
    corp.account(
        "model",
        "CN=Model IT,OU=Models,DC=corp,DC=test",
        &[
            ("sAMAccountName", "model-it"),
            ("physicalDeliveryOfficeName", "B 12"),
            ("co", "France"),
            ("memberOf", "CN=VPN,OU=Groups,DC=corp,DC=test"),
            ("memberOf", "CN=All,OU=Groups,DC=corp,DC=test"),
        ],
    );
    let people = [
        in_department("1", "Ada", "Byrne", "IT"),
        in_department("2", "Bob", "Crane", "Sales"),
    ];
    let plan = corp.run(&people);
    insta::assert_snapshot!(plan, @"
    + Ada Byrne (1)  joiner: active in the source, has no account
        create CN=Ada Byrne,OU=Staff,DC=corp,DC=test  [joiner, template staff]
            CN: Ada Byrne
            sAMAccountName: ada
            department: IT
            displayName: Ada Byrne
            employeeID: 1
            givenName: Ada
            sn: Byrne
            co: Germany
            company: Example Labs
            physicalDeliveryOfficeName: B 12
        add to CN=All,OU=Groups,DC=corp,DC=test  [joiner, template staff]
        add to CN=VPN,OU=Groups,DC=corp,DC=test  [joiner, template staff, like CN=Model IT,OU=Models,DC=corp,DC=test]

    ! 2  value: joiner, template staff: the model account CN=Model Sales,OU=Models,DC=corp,DC=test is not in the directory, or is outside of its base
    ");
    assert_eq!(corp.plan(&people[..1]).to_string(), "nothing to do");
}

#[test]
fn accounts_that_are_there_follow_a_template() {
    let template = format!(
        "{WITH_RULES}---\nkind: template\nname: follow\nextends: staff\nother_groups: leave\n\
         override: {{ telephoneNumber: null }}\n"
    );
    let mover = "    - modify_attributes: all\n    - modify_by_template: follow\n";
    let mut corp = corp(&template, JOINER, mover);
    once(&mut corp, &[in_department("1", "Ada", "Byrne", "IT")]);
    // The company was changed by hand, which a default leaves alone; the lab is another container, and other groups.
    for entry in corp.directory.values_mut() {
        entry
            .values
            .insert("company".to_owned(), vec!["By Hand".to_owned()]);
    }
    let lab = person("1", "Ada", "Byrne", r#""department": "Lab", "phone": "+49 30 1""#);
    insta::assert_snapshot!(once(&mut corp, &[lab]), @"
    ~ Ada Byrne (1)  mover: the account differs from what the source says
        account CN=Ada Byrne,OU=Engineers,DC=corp,DC=test
        change wWWHomePage: (nothing) -> https://lab.corp.test
        change department: IT -> Laboratory
        add to CN=Lab,OU=Groups,DC=corp,DC=test  [mover, template follow, rule `department == 'Lab'`]
        remove from CN=Guests,OU=Groups,DC=corp,DC=test  [mover, template follow, its rule does not hold]
    ");
    insta::assert_snapshot!(once(&mut corp, &[in_department("1", "Ada", "Byrne", "Sales")]), @"
    ~ Ada Byrne (1)  mover: the account differs from what the source says
        account CN=Ada Byrne,OU=Engineers,DC=corp,DC=test
        change department: Laboratory -> Sales
        move to OU=Staff,DC=corp,DC=test  [mover, template follow]
        add to CN=Guests,OU=Groups,DC=corp,DC=test  [mover, template follow, rule everybody else]
        remove from CN=Engineers,OU=Groups,DC=corp,DC=test  [mover, template follow, its rule does not hold]
        remove from CN=Lab,OU=Groups,DC=corp,DC=test  [mover, template follow, its rule does not hold]
    ");
}

#[test]
fn steps_of_the_joiner_rule_come_after_their_time_and_once() {
    let joiner = r#"    - create_account: { template: staff }
    - modify_attributes: { description: New here }
    - add_to_groups: "CN=Newcomers,OU=Groups,DC=corp,DC=test"
    - add_to_groups: "CN=VPN,OU=Groups,DC=corp,DC=test"
      when: department == 'IT'
      after: 7d
    - remove_from_groups: "CN=Newcomers,OU=Groups,DC=corp,DC=test"
      after: 30d
    - modify_attributes: { description: null }
      after: 30d
"#;
    let template = "kind: template\nname: staff\ncontainer: OU=Staff,DC=corp,DC=test\n\
                    unique: { sAMAccountName: \"{{ givenName }}\" }\n";
    let mut corp = corp(template, joiner, MOVER);
    let ada = in_department("1", "Ada", "Byrne", "Sales");
    insta::assert_snapshot!(once(&mut corp, std::slice::from_ref(&ada)), @"
    + Ada Byrne (1)  joiner: active in the source, has no account
        create CN=Ada Byrne,OU=Staff,DC=corp,DC=test  [joiner, template staff]
            CN: Ada Byrne
            sAMAccountName: ada
            department: Sales
            displayName: Ada Byrne
            employeeID: 1
            givenName: Ada
            sn: Byrne
            description: New here
        add to CN=Newcomers,OU=Groups,DC=corp,DC=test  [joiner]
    ");
    assert_eq!(corp.state("1"), Some(LinkState::Joining));
    // What changes meanwhile is a move like any other, and keeps what is to come.
    corp.now = "2026-11-05T08:00:00Z".parse().unwrap();
    let ada = in_department("1", "Ada", "Byrne", "IT");
    insta::assert_snapshot!(once(&mut corp, std::slice::from_ref(&ada)), @"
    ~ Ada Byrne (1)  mover: the account differs from what the source says
        account CN=Ada Byrne,OU=Staff,DC=corp,DC=test
        change department: Sales -> IT
    ");
    corp.now = "2026-11-09T08:00:00Z".parse().unwrap();
    insta::assert_snapshot!(once(&mut corp, std::slice::from_ref(&ada)), @"
    + Ada Byrne (1)  joiner: joined, but not everything of the joiner rule was done
        account CN=Ada Byrne,OU=Staff,DC=corp,DC=test
        add to CN=VPN,OU=Groups,DC=corp,DC=test  [joiner]
    ");
    corp.now = "2026-12-02T07:59:59Z".parse().unwrap();
    assert_eq!(corp.plan(std::slice::from_ref(&ada)).to_string(), "nothing to do");
    corp.now = "2026-12-02T08:00:00Z".parse().unwrap();
    insta::assert_snapshot!(once(&mut corp, std::slice::from_ref(&ada)), @"
    + Ada Byrne (1)  joiner: joined, but not everything of the joiner rule was done
        account CN=Ada Byrne,OU=Staff,DC=corp,DC=test
        change description: New here -> (nothing)
        remove from CN=Newcomers,OU=Groups,DC=corp,DC=test  [joiner]
    ");
    assert_eq!(corp.state("1"), Some(LinkState::Active));
    // Once is once: what is taken away by hand afterwards stays away.
    for entry in corp.directory.values_mut() {
        entry.values.remove("memberof");
    }
    corp.now = "2027-03-01T08:00:00Z".parse().unwrap();
    assert_eq!(corp.plan(&[ada]).to_string(), "nothing to do");
}

#[test]
fn other_steps_of_the_joiner_rule_are_done_with_the_account() {
    let joiner = r#"    - create_account: { template: staff }
    - move: "OU={{ department }},DC=corp,DC=test"
    - modify_attributes: { description: New here, sAMAccountName: "not this" }
    - remove_from_groups: "CN=All,OU=Groups,DC=corp,DC=test"
    - disable: {}
"#;
    let mut corp = corp(WITH_RULES, joiner, MOVER);
    insta::assert_snapshot!(once(&mut corp, &[in_department("1", "Ada", "Byrne", "Sales")]), @"
    + Ada Byrne (1)  joiner: active in the source, has no account
        create CN=Ada Byrne,OU=Sales,DC=corp,DC=test (disabled)  [joiner, template staff, rule everybody else]
            CN: Ada Byrne
            sAMAccountName: ada
            department: Sales
            displayName: Ada Byrne
            employeeID: 1
            givenName: Ada
            sn: Byrne
            company: Example
            description: New here
        add to CN=Guests,OU=Groups,DC=corp,DC=test  [joiner, template staff, rule everybody else]
    ");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever departments people go through on which days: what was carried out leaves nothing to do, and no two
    /// accounts share a login.
    #[test]
    fn templates_with_rules_and_waiting_steps_need_no_second_look(
        days in prop::collection::vec(
            (1..40_i64, prop::collection::vec(prop::option::weighted(0.9, prop::sample::select(vec!["IT", "Lab", "Sales"])), 4)),
            1..6,
        )
    ) {
        let joiner = "    - create_account: { template: staff }\n    - add_to_groups: \"CN=Late,OU=Groups,DC=corp,DC=test\"\n      after: 14d\n";
        let template = format!("{WITH_RULES}---\nkind: template\nname: follow\nextends: staff\nother_groups: leave\n");
        let mut corp = corp(&template, joiner, "    - modify_attributes: all\n    - modify_by_template: follow\n");
        for (gap, departments) in days {
            corp.now += jiff::SignedDuration::from_hours(24 * gap);
            let people: Vec<String> = departments
                .iter()
                .enumerate()
                .filter_map(|(number, department)| Some(in_department(&number.to_string(), "Ada", "Byrne", (*department)?)))
                .collect();
            corp.run(&people);
            prop_assert_eq!(corp.plan(&people).to_string(), "nothing to do");
            let logins: std::collections::HashSet<&str> =
                corp.directory.values().map(|entry| entry.values["samaccountname"][0].as_str()).collect();
            prop_assert_eq!(logins.len(), corp.directory.len());
        }
    }
}

const WITH_LICENCES: &str = r#"
kind: application
name: hr
endpoints: [{ name: people, url: "https://hr.example.com/people" }]
---
kind: data_source
name: staff
application: hr
endpoints: [{ endpoint: people, primary_key: number }]
attributes: { employeeID: number, givenName: first, sn: last, displayName: "{{ first }} {{ last }}", department: department }
---
kind: directory
name: cloud
type: microsoft365
tenant: corp.test
authorization: { client_id: tenure, client_secret: "{{ secret('entra') }}" }
---
kind: template
name: everybody
licences: [EXCHANGE, "{{ 'TEAMS' if department != 'Field' else 'PHONE' }}"]
---
kind: template
name: staff
extends: everybody
unique: { userPrincipalName: "{{ givenName }}@corp.test" }
other_licences: revoke
rules:
  - name: engineers
    when: department == 'Lab'
    licences: [CAD, teams]
  - name: sellers
    when: department == 'Sales'
    licences: [CRM, FLOW]
  - { name: helpers, when: "department != 'Field'", licences: [FLOW] }
---
kind: automation
name: corp
source: staff
directory: cloud
correlate: [employeeID]
rules:
  joiner: [{ create_account: { template: staff } }, { assign_licences: [flow, VISIO] }]
  mover: [{ modify_by_template: staff }]
"#;

#[test]
fn licences_add_up_and_those_of_rules_that_no_longer_hold_are_taken_back() {
    let mut corp = Company::new(WITH_LICENCES);
    let plan = once(
        &mut corp,
        &[
            in_department("1", "Ada", "Byrne", "Lab"),
            in_department("2", "Bob", "Crane", "Sales"),
        ],
    );
    insta::assert_snapshot!(plan, @"
    + Ada Byrne (1)  joiner: active in the source, has no account
        create userPrincipalName=ada@corp.test  [joiner, template staff, rules engineers and helpers]
            userPrincipalName: ada@corp.test
            department: Lab
            displayName: Ada Byrne
            employeeID: 1
            givenName: Ada
            sn: Byrne
        assign EXCHANGE, TEAMS, CAD, FLOW  [joiner, template staff, rules engineers and helpers]
        assign VISIO  [joiner]

    + Bob Crane (2)  joiner: active in the source, has no account
        create userPrincipalName=bob@corp.test  [joiner, template staff, rules sellers and helpers]
            userPrincipalName: bob@corp.test
            department: Sales
            displayName: Bob Crane
            employeeID: 2
            givenName: Bob
            sn: Crane
        assign EXCHANGE, TEAMS, CRM, FLOW  [joiner, template staff, rules sellers and helpers]
        assign VISIO  [joiner]
    ");
    let moved = once(
        &mut corp,
        &[
            in_department("1", "Ada", "Byrne", "Sales"),
            in_department("2", "Bob", "Crane", "Field"),
        ],
    );
    insta::assert_snapshot!(moved, @"
    ~ Ada Byrne (1)  mover: the account differs from what the source says
        account userPrincipalName=ada@corp.test
        take back CAD  [mover, template staff, their rules do not hold]
        assign CRM  [mover, template staff, rules sellers and helpers]

    ~ Bob Crane (2)  mover: the account differs from what the source says
        account userPrincipalName=bob@corp.test
        take back TEAMS, CRM, FLOW  [mover, template staff, their rules do not hold]
        assign PHONE  [mover, template staff]
    ");
}
