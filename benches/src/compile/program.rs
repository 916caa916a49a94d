use std::fmt::Write as _;

/// What a program is written with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// axum and serde: nothing is validated, nothing is described.
    Plain,
    /// Validation by garde and schemas by schemars, both derived.
    Derived,
    /// Portcullis.
    Guarded,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Plain, Self::Derived, Self::Guarded];

    /// The crate's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Derived => "derived",
            Self::Guarded => "guarded",
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Plain => "plain axum: `Json<T>` with serde",
            Self::Derived => "axum, with garde and schemars derived",
            Self::Guarded => "Portcullis",
        }
    }

    pub(super) fn manifest(self) -> String {
        let axum = "axum = { workspace = true, features = [\"json\", \"query\"] }\nserde.workspace = true\n";
        let dependencies = match self {
            Self::Plain => axum.to_owned(),
            Self::Derived => format!("{axum}garde = {{ workspace = true, features = [\"derive\"] }}\nschemars.workspace = true\n"),
            Self::Guarded => "portcullis.workspace = true\n".to_owned(),
        };
        format!("[package]\nname = \"{}\"\nedition.workspace = true\n\n[dependencies]\n{dependencies}", self.name())
    }

    /// Half of the endpoints take a body and make something, half take a path and a query and read something; each has types of its own.
    /// The first holds a number that an edit changes.
    pub(super) fn program(self, endpoints: usize, number: usize) -> String {
        let mut text = match self {
            Self::Plain => PLAIN.to_owned(),
            Self::Derived => PLAIN.replace("use serde", "use garde::Validate;\nuse schemars::JsonSchema;\nuse serde"),
            Self::Guarded => GUARDED.to_owned(),
        };
        let (pair, pairs) = (self.pair(), endpoints / 2);
        for place in 0..pairs {
            let number = if place == 0 { number } else { place };
            text.push_str(&pair.replace("PLACE", &place.to_string()).replace("NUMBER", &number.to_string()));
        }
        text.push_str(match self {
            Self::Plain | Self::Derived => "fn main() {\n    let _: Router = Router::new()\n",
            Self::Guarded => "fn main() -> ExitCode {\n    App::<Role, _>::new(\"Things\").endpoints(endpoints![\n",
        });
        for place in 0..pairs {
            let _ = match self {
                Self::Plain | Self::Derived => {
                    writeln!(
                        text,
                        "        .route(\"/things{place}\", post(make{place})).route(\"/things{place}/{{id}}\", get(read{place}))"
                    )
                }
                Self::Guarded => writeln!(text, "        make{place}, read{place},"),
            };
        }
        text.push_str(match self {
            Self::Plain | Self::Derived => "    ;\n}\n",
            Self::Guarded => "    ]).main()\n}\n",
        });
        text
    }

    fn pair(self) -> String {
        match self {
            Self::Plain => PLAIN_TYPES.to_owned() + &HANDLERS.replace("CHECK", ""),
            Self::Derived => DERIVED_TYPES.to_owned() + &HANDLERS.replace("CHECK", VALIDATE),
            Self::Guarded => GUARDED_PAIR.to_owned(),
        }
    }
}

const PLAIN: &str = "use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
";
const PLAIN_TYPES: &str = "
#[derive(Deserialize)]
struct NewPLACE { title: String, body: String, count: u32 }

#[derive(Serialize)]
struct ViewPLACE { id: String, title: String, body: String, count: u32 }

#[derive(Deserialize)]
struct FilterPLACE { word: Option<String>, limit: Option<u32> }
";
const DERIVED_TYPES: &str = "
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
struct NewPLACE {
    #[garde(length(chars, max = 200))] #[schemars(length(max = 200))] title: String,
    #[garde(length(chars, max = 1000))] #[schemars(length(max = 1000))] body: String,
    #[garde(range(max = 100))] #[schemars(range(max = 100))] count: u32,
}

#[derive(Serialize, JsonSchema)]
struct ViewPLACE { id: String, title: String, body: String, count: u32 }

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
struct FilterPLACE {
    #[garde(length(chars, max = 200))] #[schemars(length(max = 200))] word: Option<String>,
    #[garde(range(max = 100))] #[schemars(range(max = 100))] limit: Option<u32>,
}
";
const VALIDATE: &str = "    new.validate().map_err(|_| StatusCode::UNPROCESSABLE_ENTITY)?;\n";
const HANDLERS: &str = r#"
async fn makePLACE(Json(new): Json<NewPLACE>) -> Result<(StatusCode, Json<ViewPLACE>), StatusCode> {
CHECK    Ok((StatusCode::CREATED, Json(ViewPLACE { id: "NUMBER".to_owned(), title: new.title, body: new.body, count: new.count })))
}

async fn readPLACE(Path(id): Path<String>, Query(new): Query<FilterPLACE>) -> Result<Json<ViewPLACE>, StatusCode> {
CHECK    Ok(Json(ViewPLACE { id, title: new.word.unwrap_or_default(), body: String::new(), count: new.limit.unwrap_or(NUMBER) }))
}
"#;
const GUARDED: &str = "use portcullis::prelude::*;

#[derive(Role)]
enum Role { Guest, User }

#[input]
struct Place { id: Id }
";
const GUARDED_PAIR: &str = r#"
#[input]
struct NewPLACE {
    #[check(length(chars, max = 200))] title: PlainText,
    #[check(length(chars, max = 1000))] body: PlainText,
    #[check(range(max = 100))] count: u32,
}

#[output]
struct ViewPLACE { id: String, title: String, body: String, count: u32 }

#[input]
struct FilterPLACE { #[check(length(chars, max = 200))] word: Option<PlainText>, #[check(range(max = 100))] limit: Option<u32> }

#[post("/thingsPLACE", access = Role::User)]
async fn makePLACE(Json(new): Json<NewPLACE>) -> Result<Created<ViewPLACE>> {
    Ok(Created::new(ViewPLACE { id: "NUMBER".to_owned(), title: new.title.to_string(), body: new.body.to_string(), count: new.count }))
}

#[get("/thingsPLACE/{id}", access = Role::User, without_object = "nobody owns things")]
async fn readPLACE(Path(place): Path<Place>, Query(filter): Query<FilterPLACE>) -> Result<Json<ViewPLACE>> {
    let title = filter.word.map(|word| word.to_string()).unwrap_or_default();
    Ok(Json(ViewPLACE { id: place.id.to_string(), title, body: String::new(), count: filter.limit.unwrap_or(NUMBER) }))
}
"#;
