//! The checks of the test kit, at what has no method or no end.

use axum::Router;
use axum::routing::get as read;
use futures_util::stream;
use portcullis::prelude::*;
use portcullis::web::respond::Events;
use portcullis_testing::{TestApp, World, check_matrix, check_scopes};

use crate::support::{Believer, Nobody, Role, caller, start};

/// Events that never come.
#[get("/silence", access = Role::Manager, scope = "silence")]
async fn silence(spawner: Spawner) -> Events {
    Events::new(&spawner, stream::pending())
}

async fn application(world: World) -> TestApp {
    let old = Router::new().route("/old/{*rest}", read(|| async { "old" }));
    let app = App::new("Kit").module::<Nobody>(Believer).scope("silence", "Hear nothing").endpoints(endpoints![silence]);
    start(app.dangerous_mount_axum("/old", Role::Clerk.guard(), old, "it is older than this service"), world).await
}

on_one!(application =>
    the_checks_take_raw_routers_and_streams_without_an_end
);

async fn the_checks_take_raw_routers_and_streams_without_an_end(app: TestApp) {
    let golden = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(golden.path(), app.matrix()).unwrap();
    let [guest, clerk, manager, admin] = ["gus/guest", "cleo/clerk", "mia/manager", "ada/admin"].map(|credential| caller(&app, credential));
    let callers = [("anonymous", &app.anonymous()), ("guest", &guest), ("clerk", &clerk), ("manager", &manager), ("admin", &admin)];
    check_matrix(&app, golden.path(), &callers, &[]).await;
    check_scopes(&app, &[("silence", &caller(&app, "ada/admin/silence"))]).await;
}
