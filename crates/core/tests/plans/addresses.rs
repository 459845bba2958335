//! Mail addresses that templates give, mailboxes in Exchange Online, address lists and Skype for Business, in change
//! lists.

use crate::company::Company;
use crate::story::{CORP, person};

const TEMPLATE: &str = r#"kind: template
name: staff
container: OU=Staff,DC=corp,DC=test
unique:
  sAMAccountName: "{{ givenName }}"
  mail: "{{ givenName | lower }}@corp.test"
proxy_addresses: ["{{ mail }}", "{{ givenName }}.{{ sn }}@corp.test"]
"#;

/// The company with that template and these rules.
fn corp(template: &str, rules: &str) -> Company {
    let (before, rest) = CORP.split_once("kind: template").unwrap();
    let (_, after) = rest.split_once("---\n").unwrap();
    let (after, _) = after.split_once("rules:\n").unwrap();
    Company::new(&format!("{before}{template}\n---\n{after}rules:\n{rules}"))
}

const RULES: &str =
    "  joiner: [{ create_account: { template: staff } }]\n  mover: [{ modify_by_template: staff }]\n";

#[test]
fn addresses_are_given_to_one_person_only_whatever_stands_before_them() {
    let mut corp = corp(TEMPLATE, RULES);
    corp.taken = vec![
        ("proxyAddresses".into(), "SMTP:ADA@corp.test".to_owned()),
        ("mail".into(), "Bob.Crane@corp.test".to_owned()),
    ];
    let people = [
        person("1", "Ada", "Byrne", ""),
        person("2", "Bob", "Crane", ""),
        person("3", "Ada", "Byrne", ""),
    ];
    let plan = corp.run(&people);
    insta::assert_snapshot!(plan, @"
    + Ada Byrne (1)  joiner: active in the source, has no account
        create CN=Ada Byrne,OU=Staff,DC=corp,DC=test  [joiner, template staff; mail ada2@corp.test since ada@corp.test is taken]
            CN: Ada Byrne
            mail: ada2@corp.test
            sAMAccountName: ada
            displayName: Ada Byrne
            employeeID: 1
            givenName: Ada
            sn: Byrne
            proxyAddresses: SMTP:ada2@corp.test, smtp:Ada.Byrne@corp.test

    + Bob Crane (2)  joiner: active in the source, has no account
        create CN=Bob Crane,OU=Staff,DC=corp,DC=test  [joiner, template staff; proxyAddresses without Bob.Crane@corp.test, which is taken]
            CN: Bob Crane
            mail: bob@corp.test
            sAMAccountName: bob
            displayName: Bob Crane
            employeeID: 2
            givenName: Bob
            sn: Crane
            proxyAddresses: SMTP:bob@corp.test

    + Ada Byrne (3)  joiner: active in the source, has no account
        create CN=Ada Byrne 2,OU=Staff,DC=corp,DC=test  [joiner, template staff; mail ada3@corp.test since ada@corp.test is taken; sAMAccountName ada2 since ada is taken; proxyAddresses without Ada.Byrne@corp.test, which is taken]
            CN: Ada Byrne 2
            mail: ada3@corp.test
            sAMAccountName: ada2
            displayName: Ada Byrne
            employeeID: 3
            givenName: Ada
            sn: Byrne
            proxyAddresses: SMTP:ada3@corp.test
    ");
    // Of those who went without an address it is said again when they are looked at, and nothing is done.
    let again = corp.plan(&people);
    assert_eq!((again.changes.len(), again.findings.len()), (0, 2));
}

#[test]
fn another_primary_leaves_the_old_one_and_what_others_have_is_not_given() {
    let template = TEMPLATE.replace("\"{{ mail }}\", ", "");
    let mut corp = corp(&template, RULES);
    corp.run(&[person("1", "Ada", "Byrne", ""), person("2", "Bob", "Crane", "")]);
    let people = [person("1", "Ada", "Lovelace", ""), person("2", "Bob", "Dahl", "")];
    corp.taken = vec![("proxyAddresses".into(), "smtp:bob.dahl@corp.test".to_owned())];
    let plan = corp.run(&people);
    insta::assert_snapshot!(plan, @"
    ~ Ada Lovelace (1)  mover: the account differs from what the source says
        account CN=Ada Byrne,OU=Staff,DC=corp,DC=test
        change proxyAddresses: SMTP:Ada.Byrne@corp.test -> SMTP:Ada.Lovelace@corp.test, smtp:Ada.Byrne@corp.test

    ! 2  notice: CN=Bob Crane,OU=Staff,DC=corp,DC=test is not given the address Bob.Dahl@corp.test, which is taken
    ");
    assert_eq!(corp.plan(&people).changes.len(), 0);
}

#[test]
fn a_mailbox_keeps_what_says_how_it_came_and_is_asked_for_once() {
    let mut corp = corp(
        TEMPLATE,
        "  joiner: [{ create_account: { template: staff } }]\n  mover:\n\
         \x20   - enable_remote_mailbox: { routing_domain: corp.mail.onmicrosoft.com, alias: \"{{ givenName | lower }}.x\" }\n\
         \x20   - hide_from_address_lists: false\n  leaver: [{ disable_remote_mailbox: {} }, { disable_lync: {} }]\n",
    );
    corp.account(
        "a",
        "CN=Ada Byrne,OU=Staff,DC=corp,DC=test",
        &[
            ("employeeID", "1"),
            ("mail", "ada@corp.test"),
            ("msExchRemoteRecipientType", "4"),
            ("msExchHideFromAddressLists", "TRUE"),
        ],
    );
    let people = [person("1", "Ada", "Byrne", "")];
    insta::assert_snapshot!(corp.run(&people), @"
    ~ Ada Byrne (1)  mover: the account differs from what the source says
        account CN=Ada Byrne,OU=Staff,DC=corp,DC=test
        recognised by same employeeID `1`
        change mailNickname: (nothing) -> ada.x
        change targetAddress: (nothing) -> SMTP:ada.x@corp.mail.onmicrosoft.com
        change proxyAddresses: (nothing) -> SMTP:ada@corp.test, smtp:ada.x@corp.mail.onmicrosoft.com
        change msExchRecipientDisplayType: (nothing) -> -2147483642
        change msExchRecipientTypeDetails: (nothing) -> 2147483648
        change msExchHideFromAddressLists: TRUE -> (nothing)
    ");
    assert_eq!(corp.plan(&people).to_string(), "nothing to do");
    // Nobody who left has a mailbox; who never had Skype for Business needs nothing to be switched off.
    insta::assert_snapshot!(corp.run(&[]), @"
    - Ada Byrne (1)  leaver: no longer in the source, which was read completely
        account CN=Ada Byrne,OU=Staff,DC=corp,DC=test
        change msExchRemoteRecipientType: 4 -> (nothing)
        change msExchRecipientDisplayType: -2147483642 -> (nothing)
        change msExchRecipientTypeDetails: 2147483648 -> (nothing)
        change targetAddress: SMTP:ada.x@corp.mail.onmicrosoft.com -> (nothing)
        change mailNickname: ada.x -> (nothing)
    ");
}
