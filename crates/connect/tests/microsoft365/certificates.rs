//! Signing in by a certificate, with a key made for the test.

use std::fs::read_to_string;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tenure_core::account::Account;
use tenure_core::attribute::Dictionary;
use tenure_core::cloud::{CloudAction, MailboxKind};
use tenure_core::seams::Directory as _;
use tenure_lab::Certificate;
use tenure_sim::Graph;

use crate::tenant::{Tenant, cloud, options, signing_in};

const BY_CERTIFICATE: &str =
    "certificate: \"{{ secret('certificate') }}\", private_key: \"{{ secret('key') }}\"";

#[tokio::test]
async fn a_certificate_opens_graph_and_exchange_and_another_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let own = Certificate::of_program(folder.path(), "own").unwrap();
    let other = Certificate::of_program(folder.path(), "other").unwrap();
    let mut options = options(20);
    let der = CertificateDer::from_pem_file(&own.certificate).unwrap();
    options.certificate = Some(der.to_vec());
    let sim = Graph::start(options).await.unwrap();
    let with = |certificate: &Certificate| {
        let (certificate, key) = (
            read_to_string(&certificate.certificate).unwrap(),
            read_to_string(&certificate.key).unwrap(),
        );
        let secrets = [("certificate", certificate.as_str()), ("key", key.as_str())];
        signing_in(&sim.url(), BY_CERTIFICATE, &secrets, "usage_location: NL")
    };
    let dictionary = Arc::new(Dictionary::new(["title".into()]));
    let mut accounts: Vec<Account> = Vec::new();
    let refused = with(&other).read(&dictionary, &mut accounts).await.unwrap_err();
    assert!(
        refused.said.contains("is not registered") && refused.hint.contains("has this certificate"),
        "{refused:?}"
    );
    let directory = with(&own);
    directory.read(&dictionary, &mut accounts).await.unwrap();
    assert_eq!(accounts.len(), 20);
    assert_eq!(sim.tokens(), 1);
    let tenant = Tenant { sim, directory };
    let licensed = tenant.person(1);
    let licences = vec!["FLOW_FREE".to_owned()];
    tenant
        .done(cloud(&licensed, CloudAction::AssignLicences { licences }))
        .await;
    let to = MailboxKind::Shared;
    tenant
        .done(cloud(&licensed, CloudAction::ConvertMailbox { to }))
        .await;
    assert_eq!(tenant.sim.tokens(), 2);
}
