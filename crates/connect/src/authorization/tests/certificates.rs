//! Clients that show a certificate in place of a secret, with a key made for the test.

use jiff::Timestamp;
use serde_json::json;
use tenure_core::seams::{Secrets as _, SourceTrouble};
use tenure_core::secret::Secret;
use tenure_lab::Certificate;

use super::{World, fetch};

#[tokio::test]
async fn oidc_a_certificate_opens_the_door_once_for_each_statement() {
    let Some(world) = World::start() else { return };
    // Statements are good for some minutes of real time.
    world
        .time
        .pass(Timestamp::now().as_second() - world.time.now().as_second());
    let own = world.provider.machine_certificate();
    let folder = tempfile::tempdir().unwrap();
    let other = Certificate::of_program(folder.path(), "other").unwrap();
    for (name, file) in [
        ("certificate", &own.certificate),
        ("key", &own.key),
        ("other-certificate", &other.certificate),
        ("other-key", &other.key),
    ] {
        let text = std::fs::read_to_string(file).unwrap();
        world.vault.put(name, Secret::new(text)).await.unwrap();
    }
    let with = |certificate: &str, key: &str| {
        world.application(&json!({
            "grant": "client_credentials", "client_id": "machine-certificate", "scope": ["people"],
            "certificate": format!("{{{{ secret('{certificate}') }}}}"),
            "private_key": format!("{{{{ secret('{key}') }}}}"),
        }))
    };
    let source = world.source(&with("certificate", "key"));
    assert_eq!(fetch(&source).await.unwrap(), 2);
    world.meddle("revoke", "ClientCredentials").await;
    assert_eq!(fetch(&source).await.unwrap(), 2);
    let requests = world.requests().await;
    let credentials: Vec<_> = requests.iter().map(|request| &request["credentials"]).collect();
    assert_eq!(credentials, ["assertion", "assertion"]);

    world.meddle("revoke", "ClientCredentials").await;
    let foreign = world.source(&with("other-certificate", "other-key"));
    let error = fetch(&foreign).await.unwrap_err();
    assert_eq!(error.kind, SourceTrouble::Unauthorized, "{error:?}");
    assert!(error.said.starts_with("invalid_client"), "{error:?}");
    assert!(error.hint.contains("has this certificate"), "{error:?}");

    // Nothing is sent with a key that does not fit, and none is shown.
    let before = world.requests().await.len();
    for (certificate, key, said) in [
        (
            "certificate",
            "other-key",
            "`private_key` is not that of `certificate`",
        ),
        ("key", "key", "`certificate` is no certificate in PEM"),
        (
            "certificate",
            "certificate",
            "`private_key` is no private key in PEM",
        ),
    ] {
        let error = fetch(&world.source(&with(certificate, key))).await.unwrap_err();
        assert!(error.said.starts_with(said), "{error:?}");
        assert!(!format!("{error:?}").contains("BEGIN"), "{error:?}");
    }
    assert_eq!(world.requests().await.len(), before);
}
