//! Mail for accounts of Active Directory: addresses that nobody in the forest has, mailboxes in Exchange Online, address
//! lists, and Skype for Business, seen in a domain with and without those attributes.

use std::fmt::Write as _;

use jiff::Timestamp;
use tempfile::TempDir;
use tenure_core::document::Documents;
use tenure_core::outcome::Outcome;
use tenure_core::secret::Secret;
use tenure_engine::{Engine, Release};
use tenure_lab::SambaDc;
use tenure_store::{JournalEvent, Run, RunState};

use crate::company::{On, applying, documents, fresh, open, planned, unwatched};

const AUTOMATION: &str = "corp-from-people";

const DOCUMENTS: &str = r#"
kind: data_source
name: people
file: { path: people.jsonl, primary_key: id }
attributes:
  employeeID: id
  givenName: first
  sn: last
  displayName: "{{ first }} {{ last }}"
  mail: mail
lifecycle: { active: active }
---
kind: directory
name: corp
type: active_directory
url: CONTROLLER
global_catalog: CATALOG
base: OU=Staff,DC=lab,DC=test
bind: { user: administrator@lab.test, password: "{{ secret('corp-ad') }}" }
ca_file: AUTHORITY
---
kind: template
name: staff
container: OU=Staff,DC=lab,DC=test
unique:
  sAMAccountName: "{{ givenName | lower }}"
  userPrincipalName: "{{ sAMAccountName }}@lab.test"
proxy_addresses: ["{{ mail }}", "{{ sAMAccountName }}@lab.test"]
---
kind: automation
name: corp-from-people
source: people
directory: corp
correlate: [employeeID]
rules:
  joiner:
    - create_account: { template: staff }
    - enable_remote_mailbox: { routing_domain: lab.mail.onmicrosoft.com }
  mover:
    - modify_attributes: all
    - modify_by_template: staff
    - enable_remote_mailbox: { routing_domain: lab.mail.onmicrosoft.com }
    - hide_from_address_lists: false
  leaver:
    - disable: {}
    - disable_remote_mailbox: {}
    - disable_lync: {}
    - hide_from_address_lists: true
  rehire:
    - enable: {}
guards: { disables: 10 }
"#;

/// What Exchange and Skype for Business add to the schema, as far as it is used here: names, syntaxes and their OM.
const SCHEMA: [(&str, &str, &str); 7] = [
    ("msExchHideFromAddressLists", "2.5.5.8", "1"),
    ("msExchRemoteRecipientType", "2.5.5.16", "65"),
    ("msExchRecipientDisplayType", "2.5.5.9", "2"),
    ("msExchRecipientTypeDetails", "2.5.5.16", "65"),
    ("targetAddress", "2.5.5.12", "64"),
    ("mailNickname", "2.5.5.12", "64"),
    ("msRTCSIP-UserEnabled", "2.5.5.8", "1"),
];

fn schema() -> String {
    let mut text = String::new();
    let update = "dn:\nchangetype: modify\nadd: schemaUpdateNow\nschemaUpdateNow: 1\n\n";
    for (number, (name, syntax, om)) in SCHEMA.iter().enumerate() {
        write!(
            text,
            "dn: CN=x-{name},CN=Schema,CN=Configuration,DC=lab,DC=test\nchangetype: add\n\
             objectClass: attributeSchema\nattributeID: 1.2.840.113556.1.2.7000.102.{}\nlDAPDisplayName: {name}\n\
             attributeSyntax: {syntax}\noMSyntax: {om}\nisSingleValued: TRUE\n\n",
            80 + number
        )
        .unwrap();
    }
    text += update;
    text += "dn: CN=User,CN=Schema,CN=Configuration,DC=lab,DC=test\nchangetype: modify\nadd: mayContain\n";
    for (name, ..) in SCHEMA {
        writeln!(text, "mayContain: {name}").unwrap();
    }
    text.push('\n');
    text + update
}

struct Corp {
    dc: SambaDc,
    engine: Engine,
    documents: Documents,
    folder: TempDir,
}

impl Corp {
    /// With these words for the catalog in the directory's document.
    async fn start(dc: SambaDc, catalog: &str) -> Self {
        dc.ldapadd("dn: OU=Staff,DC=lab,DC=test\nobjectClass: organizationalUnit\n")
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let now: Timestamp = "2046-01-05T08:00:00Z".parse().unwrap();
        let engine = open(&fresh(On::Sqlite, folder.path()), folder.path(), now).await;
        let password = Secret::new(dc.admin_password().to_owned());
        let sealed = engine.vault().seal("corp-ad", &password).unwrap();
        engine.vault().save(&[sealed], now).await.unwrap();
        let text = DOCUMENTS
            .replace("CONTROLLER", &dc.ldaps_url())
            .replace("CATALOG", catalog)
            .replace("AUTHORITY", &dc.ca_pem_path().display().to_string());
        Self {
            documents: documents(&text),
            dc,
            engine,
            folder,
        }
    }

    fn people(&self, lines: &[&str]) {
        std::fs::write(self.folder.path().join("people.jsonl"), lines.join("\n")).unwrap();
    }

    async fn plan(&self) -> (Run, String) {
        planned(&self.engine, &self.documents, AUTOMATION).await
    }

    async fn apply(&self, run: &Run) -> Run {
        let options = applying(Release::Release);
        self.engine
            .apply(&self.documents, run.id, &options)
            .await
            .unwrap()
    }

    /// Plans and carries out, all of which goes well, and then there is nothing left to do. Gives the plan.
    async fn run(&self) -> String {
        let (run, text) = self.plan().await;
        let applied = self.apply(&run).await;
        let journal = self.engine.store().journal(run.id).await.unwrap();
        assert_eq!(applied.state, RunState::Done, "{text}\n{journal:#?}");
        let (again, rest) = self.plan().await;
        assert_eq!((again.state, rest.as_str()), (RunState::Done, ""));
        text
    }

    /// What the domain shows of an account, sorted.
    fn shown(&self, login: &str, attributes: &[&str]) -> String {
        let filter = format!("(sAMAccountName={login})");
        let mut arguments = vec!["-b", "DC=lab,DC=test", filter.as_str()];
        arguments.extend(attributes);
        let found = self.dc.ldapsearch(&arguments).unwrap();
        let mut lines: Vec<&str> = found
            .lines()
            .filter(|line| {
                line.split_once(": ")
                    .is_some_and(|(name, _)| attributes.contains(&name))
            })
            .collect();
        lines.sort_unstable();
        lines.join("\n")
    }
}

const ADA: &str = r#"{"id":"1","first":"Ada","last":"Byrne","mail":"ada.byrne@lab.test","active":true}"#;
const ADA_LOVELACE: &str =
    r#"{"id":"1","first":"Ada","last":"Lovelace","mail":"ada.lovelace@lab.test","active":true}"#;
const ADA_LEFT: &str =
    r#"{"id":"1","first":"Ada","last":"Lovelace","mail":"ada.lovelace@lab.test","active":false}"#;
const OF_MAIL: [&str; 7] = [
    "mailNickname",
    "proxyAddresses",
    "targetAddress",
    "msExchRemoteRecipientType",
    "msExchRecipientDisplayType",
    "msExchRecipientTypeDetails",
    "msExchHideFromAddressLists",
];

#[tokio::test]
async fn a_mailbox_in_exchange_online_comes_goes_and_comes_again() {
    let dc = SambaDc::start().unwrap();
    dc.ldapmodify(&schema()).unwrap();
    let corp = Corp::start(dc, "true").await;
    corp.people(&[ADA]);
    corp.run().await;
    insta::assert_snapshot!(corp.shown("ada", &OF_MAIL), @"
    mailNickname: ada
    msExchRecipientDisplayType: -2147483642
    msExchRecipientTypeDetails: 2147483648
    msExchRemoteRecipientType: 1
    proxyAddresses: SMTP:ada.byrne@lab.test
    proxyAddresses: smtp:ada@lab.mail.onmicrosoft.com
    proxyAddresses: smtp:ada@lab.test
    targetAddress: SMTP:ada@lab.mail.onmicrosoft.com
    ");

    // Another primary address, and the one before stays.
    corp.people(&[ADA_LOVELACE]);
    insta::assert_snapshot!(corp.run().await, @"
    ~ Ada Lovelace (1)  mover: the account differs from what the source says
        account CN=Ada Byrne,OU=Staff,DC=lab,DC=test
        change displayName: Ada Byrne -> Ada Lovelace
        change mail: ada.byrne@lab.test -> ada.lovelace@lab.test
        change sn: Byrne -> Lovelace
        change proxyAddresses: SMTP:ada.byrne@lab.test, smtp:ada@lab.test, smtp:ada@lab.mail.onmicrosoft.com -> SMTP:ada.lovelace@lab.test, smtp:ada.byrne@lab.test, smtp:ada@lab.test, smtp:ada@lab.mail.onmicrosoft.com
    ");
    insta::assert_snapshot!(corp.shown("ada", &["proxyAddresses"]), @"
    proxyAddresses: SMTP:ada.lovelace@lab.test
    proxyAddresses: smtp:ada.byrne@lab.test
    proxyAddresses: smtp:ada@lab.mail.onmicrosoft.com
    proxyAddresses: smtp:ada@lab.test
    ");

    corp.dc
        .ldapmodify("dn: CN=Ada Byrne,OU=Staff,DC=lab,DC=test\nchangetype: modify\nadd: msRTCSIP-UserEnabled\nmsRTCSIP-UserEnabled: TRUE\n")
        .unwrap();
    corp.people(&[ADA_LEFT]);
    corp.run().await;
    let shown = [&OF_MAIL[..], &["msRTCSIP-UserEnabled"]].concat();
    insta::assert_snapshot!(corp.shown("ada", &shown), @"
    msExchHideFromAddressLists: TRUE
    msRTCSIP-UserEnabled: FALSE
    proxyAddresses: SMTP:ada.lovelace@lab.test
    proxyAddresses: smtp:ada.byrne@lab.test
    proxyAddresses: smtp:ada@lab.mail.onmicrosoft.com
    proxyAddresses: smtp:ada@lab.test
    ");

    corp.people(&[ADA_LOVELACE]);
    corp.run().await;
    insta::assert_snapshot!(corp.shown("ada", &OF_MAIL), @"
    mailNickname: ada
    msExchRecipientDisplayType: -2147483642
    msExchRecipientTypeDetails: 2147483648
    msExchRemoteRecipientType: 1
    proxyAddresses: SMTP:ada.lovelace@lab.test
    proxyAddresses: smtp:ada.byrne@lab.test
    proxyAddresses: smtp:ada@lab.mail.onmicrosoft.com
    proxyAddresses: smtp:ada@lab.test
    targetAddress: SMTP:ada@lab.mail.onmicrosoft.com
    ");
}

#[tokio::test]
async fn a_domain_without_the_schema_refuses_a_mailbox_and_says_what_it_needs() {
    let corp = Corp::start(SambaDc::start().unwrap(), "false").await;
    corp.people(&[ADA]);
    let (run, _) = corp.plan().await;
    assert_eq!(corp.apply(&run).await.state, RunState::DoneWithFailures);
    let journal = corp.engine.store().journal(run.id).await.unwrap();
    let refusals: Vec<String> = journal
        .iter()
        .filter_map(|entry| match &entry.event {
            JournalEvent::Outcome {
                outcome: Outcome::Refused(refusal),
                ..
            } => Some(format!("{} {}", refusal.message, refusal.hint)),
            _ => None,
        })
        .collect();
    assert_eq!(refusals.len(), 1, "{journal:#?}");
    assert!(
        refusals[0].starts_with("the directory's schema has no such attribute"),
        "{refusals:?}"
    );
    assert!(refusals[0].contains("`msExch…`"), "{refusals:?}");
}

#[tokio::test]
async fn addresses_and_principal_names_of_other_domains_are_taken_as_the_global_catalog_says() {
    // To whoever asks, another domain controller with other accounts is another domain of the forest.
    let other = SambaDc::start().unwrap();
    other
        .ldapadd(
            "dn: CN=Other,CN=Users,DC=lab,DC=test\nobjectClass: user\nsAMAccountName: ada\n\
             proxyAddresses: SMTP:ADA.Byrne@lab.test\n",
        )
        .unwrap();
    let dc = SambaDc::start().unwrap();
    dc.ldapmodify(&schema()).unwrap();
    let catalog = other.ldaps_url().replace(":636", ":3269");
    let corp = Corp::start(dc, &catalog).await;
    corp.people(&[ADA]);
    let plan = corp.run().await;
    // The login is a matter of the domain, and the principal name one of the forest.
    assert!(
        plan.contains("userPrincipalName ada2@lab.test since ada@lab.test is taken"),
        "{plan}"
    );
    assert!(
        plan.contains("proxyAddresses without ada.byrne@lab.test, which is taken"),
        "{plan}"
    );
    let shown = ["userPrincipalName", "proxyAddresses"];
    insta::assert_snapshot!(corp.shown("ada", &shown), @"
    proxyAddresses: SMTP:ada@lab.test
    proxyAddresses: smtp:ada@lab.mail.onmicrosoft.com
    userPrincipalName: ada2@lab.test
    ");

    // What is given later is free in the forest too.
    corp.people(&[ADA_LOVELACE]);
    corp.run().await;
    insta::assert_snapshot!(corp.shown("ada", &shown), @"
    proxyAddresses: SMTP:ada.lovelace@lab.test
    proxyAddresses: smtp:ada@lab.mail.onmicrosoft.com
    proxyAddresses: smtp:ada@lab.test
    userPrincipalName: ada2@lab.test
    ");
    corp.people(&[ADA]);
    let (run, plan) = corp.plan().await;
    insta::assert_snapshot!(plan, @"
    ~ Ada Byrne (1)  mover: the account differs from what the source says
        account CN=Ada Byrne,OU=Staff,DC=lab,DC=test
        change displayName: Ada Lovelace -> Ada Byrne
        change mail: ada.lovelace@lab.test -> ada.byrne@lab.test
        change sn: Lovelace -> Byrne
    ");
    let findings = corp
        .engine
        .store()
        .findings(run.id, None, u32::MAX)
        .await
        .unwrap();
    insta::assert_snapshot!(findings[0].text, @"CN=Ada Byrne,OU=Staff,DC=lab,DC=test is not given the address ada.byrne@lab.test, which is taken");
}

#[tokio::test]
async fn a_global_catalog_that_is_not_there_is_no_reason_to_guess() {
    let corp = Corp::start(SambaDc::start().unwrap(), "ldaps://127.0.0.1:1").await;
    corp.people(&[ADA]);
    let error = corp
        .engine
        .plan(&corp.documents, AUTOMATION, &unwatched())
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("reading which names are taken: no connection to ldaps://127.0.0.1:1"),
        "{error}"
    );
}
