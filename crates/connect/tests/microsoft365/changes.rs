//! Following what changes.

use std::sync::Arc;

use tenure_connect::directory::microsoft365::{Extent, Removal};
use tenure_core::action::{Action, Below};
use tenure_core::attribute::Dictionary;

use crate::tenant::{modify, tenant, user, write};

#[tokio::test]
async fn what_changed_is_told_once_and_a_forgotten_place_brings_everybody() {
    let tenant = tenant(450, "").await;
    let dictionary = Arc::new(Dictionary::new(["title".into(), "displayName".into()]));
    let all = tenant.directory.changes(&dictionary, None).await.unwrap();
    assert_eq!((all.accounts.len(), all.extent), (450, Extent::Everybody));
    let ada = tenant.done(user("ada", &[("title", "Analyst")])).await;
    tenant
        .done(modify(&ada, &[("title", &["Analyst"], &["Clerk"])]))
        .await;
    let gone = tenant.person(3);
    let stored = Vec::new();
    let dn = gone.dn.clone();
    tenant
        .apply(write(
            &gone,
            Action::Delete {
                dn,
                stored,
                below: Below::Kept,
            },
        ))
        .await;

    let changed = tenant
        .directory
        .changes(&dictionary, Some(&all.next))
        .await
        .unwrap();
    assert_eq!(changed.extent, Extent::Since);
    assert_eq!(changed.removed, [(gone.id, Removal::Restorable)]);
    let title = dictionary.index("title").unwrap();
    let titles: Vec<_> = changed
        .accounts
        .iter()
        .map(|one| (&one.id, one.attributes.first(title)))
        .collect();
    assert_eq!(titles, [(&ada.id, Some("Clerk"))]);
    let nothing = tenant
        .directory
        .changes(&dictionary, Some(&changed.next))
        .await
        .unwrap();
    assert!(nothing.accounts.is_empty() && nothing.removed.is_empty());

    tenant.sim.forget_deltas();
    let anew = tenant
        .directory
        .changes(&dictionary, Some(&nothing.next))
        .await
        .unwrap();
    assert_eq!((anew.accounts.len(), anew.extent), (450, Extent::Everybody));
}
