use rusqlite::{Connection, OpenFlags};

use crate::Result;
use crate::peers::{Peer, Server};

/// How many notes a server's database holds.
pub(crate) fn count(server: &Server) -> Result<u64> {
    let file = server.folder.join(if server.peer == Peer::Notes { "data/portcullis.db" } else { "peer.db" });
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let notes: i64 = connection.query_row("SELECT count(*) FROM notes", (), |row| row.get(0))?;
    Ok(u64::try_from(notes)?)
}
