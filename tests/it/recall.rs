//! How often a search offers what was meant among its first three, over 50,000 assets.

use diesel_async::{AsyncConnection, AsyncPgConnection};
use wardtrack::bench::recall;
use wardtrack::clock::Clock;

use crate::support::{TestDatabase, acceptance_folder};

#[tokio::test(flavor = "multi_thread")]
async fn recall_in_the_first_three_is_at_least_95_percent_on_seeds_nobody_tuned_by() {
    let database = TestDatabase::new().await;
    let mut conn = AsyncPgConnection::establish(database.url().expose())
        .await
        .unwrap();
    let folder = acceptance_folder("the score of further searches");
    let folder = folder.as_deref();
    let types = recall::list_types(folder).unwrap();
    let starter = recall::furnish(&mut conn, &types).await.unwrap();
    assert!(starter.added >= 300, "{} synonyms", starter.added);
    assert_eq!(
        starter.left_out, 0,
        "a synonym of the starter set names a type that is not in the list"
    );
    // The other half is for tuning: `wardtrack bench recall` scores both.
    let halves = [recall::Half::Unseen];
    let report = recall::measure(&conn, folder, &halves, Clock::system().now())
        .await
        .unwrap();
    println!("{}", report.unseen.line());
    assert!(report.unseen.total >= 600);
    assert!(report.unseen.share() >= 0.95, "{}", report.unseen.line());
    for file in &report.files {
        assert!(file.total > 0, "{} has no rows", file.name);
    }
}
