use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use crate::Result;
use crate::peers::{Peer, Server};

/// How many notes a server's database holds.
pub(crate) fn count(server: &Server) -> Result<u64> {
    let file = server.folder.join(if server.peer == Peer::Notes { "data/portcullis.db" } else { "peer.db" });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = SqliteConnectOptions::new().filename(file).connect().await?;
        let row = sqlx::query("SELECT count(*) FROM notes").fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(u64::try_from(row.try_get::<i64, _>(0)?)?)
    })
}
