use rstest::rstest;
use tenure_core::seams::{SecretError, Secrets as _};
use tenure_core::secret::Secret;

use super::{On, at};
use crate::{Store, StoreError, Vault, VaultKey};

const CLEAR: &str = "correct horse battery staple";

fn key(digits: &str) -> VaultKey {
    VaultKey::from_text(&digits.repeat(32)).unwrap()
}

#[rstest]
#[tokio::test]
async fn a_secret_comes_back_with_the_right_key_only(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let store = &fresh.store;
    let vault = Vault::open(store, &key("01")).await.unwrap();
    assert!(matches!(vault.get("token").await, Err(SecretError::Missing { name }) if name == "token"));
    vault.put("token", Secret::new("old".into())).await.unwrap();
    vault
        .save(&[vault.seal("token", &Secret::new(CLEAR.into())).unwrap()], at(3))
        .await
        .unwrap();
    assert_eq!(vault.get("token").await.unwrap().expose(), CLEAR);

    assert!(matches!(
        Vault::open(store, &key("02")).await,
        Err(StoreError::WrongKey)
    ));
    let again = Vault::open(&Store::open(&fresh.url).await.unwrap(), &key("01"))
        .await
        .unwrap();
    assert_eq!(again.get("token").await.unwrap().expose(), CLEAR);

    let listed = store.secrets().await.unwrap();
    assert_eq!(
        (listed.len(), listed[0].name.as_str(), listed[0].updated_at),
        (1, "token", at(3))
    );
    assert!(!format!("{listed:?} {vault:?}").contains(CLEAR));
    assert!(store.delete_secret("token").await.unwrap());
    assert!(!store.delete_secret("token").await.unwrap());
    // With no secret left a new key loses nothing.
    Vault::open(store, &key("02")).await.unwrap();
    assert!(Vault::open(store, &key("03")).await.is_ok());
}

#[rstest]
#[tokio::test]
async fn a_sealed_secret_does_not_work_under_another_name(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let vault = Vault::open(&fresh.store, &key("01")).await.unwrap();
    vault.put("one", Secret::new(CLEAR.into())).await.unwrap();
    let mut writing = fresh.store.write("testing").await.unwrap();
    writing
        .execute("UPDATE secrets SET name = 'other'", &[])
        .await
        .unwrap();
    writing.commit().await.unwrap();
    assert!(matches!(vault.secret("other").await, Err(StoreError::Sealed { name }) if name == "other"));
}

#[tokio::test]
async fn no_secret_is_in_the_clear_in_any_file() {
    let fresh = On::Sqlite.fresh().await;
    let vault = Vault::open(&fresh.store, &key("01")).await.unwrap();
    vault
        .put("findable-name", Secret::new(CLEAR.into()))
        .await
        .unwrap();
    let contains = |needle: &[u8]| {
        std::fs::read_dir(fresh.folder.path()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle)
        })
    };
    // While it is open there is a log beside the database; afterwards everything is in the one file.
    for _ in 0..2 {
        assert!(contains(b"findable-name"), "the search finds what is there");
        assert!(!contains(CLEAR.as_bytes()));
        assert!(
            !contains(hex::encode(CLEAR).to_uppercase().as_bytes())
                && !contains(hex::encode(CLEAR).as_bytes())
        );
        assert!(!contains(&[1; 32]), "nor is the key");
        fresh.store.close().await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_changed_by_one_at_a_time(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let vault = Vault::open(&fresh.store, &key("01")).await.unwrap();
    vault.put("token", Secret::new("0".into())).await.unwrap();
    let changing: Vec<_> = (0..4)
        .map(|_| {
            let vault = vault.clone();
            tokio::spawn(async move {
                let turn = vault.turn("token").await.unwrap();
                let count: u32 = vault.get("token").await.unwrap().expose().parse().unwrap();
                tokio::task::yield_now().await;
                vault
                    .put("token", Secret::new((count + 1).to_string()))
                    .await
                    .unwrap();
                turn.end().await;
            })
        })
        .collect();
    for changed in changing {
        changed.await.unwrap();
    }
    assert_eq!(vault.get("token").await.unwrap().expose(), "4");
}
