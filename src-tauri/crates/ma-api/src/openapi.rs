//! The OpenAPI document, made of the table of routes and the wire types.

use crate::{
    body::BodyRule,
    query::Parameter,
    routes::{Admission, ROUTES, Route, Verb},
};
use ma_protocol::{
    Action, Connections, Hello, NewPairing, NewProposal, Pairing, Problem, Proposal, Proposals,
    Withdrawal,
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Components, ComponentsBuilder, ContentBuilder, InfoBuilder, ObjectBuilder, OpenApiBuilder,
        Ref, RefOr, Required, ResponseBuilder, Schema, Type,
        path::{
            HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder,
        },
        request_body::RequestBodyBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

/// The OpenAPI document of the agents' door, as JSON.
pub fn openapi() -> String {
    let mut paths = PathsBuilder::new();
    for path in distinct_paths() {
        let mut item = PathItem::default();
        for route in ROUTES.iter().filter(|r| r.path == path) {
            let method = match route.verb {
                Verb::Get => HttpMethod::Get,
                Verb::Post => HttpMethod::Post,
            };
            item.merge_operations(PathItem::new(method, operation(route)));
        }
        paths = paths.path(path, item);
    }
    let info = InfoBuilder::new()
        .title("Mechanical Advantage, the agents' door")
        .version(ma_protocol::PROTOCOL.to_string())
        .description(Some(
            "An agent reads and proposes; a human approves with a passkey. Nothing can be destroyed here.",
        ))
        .build();
    let document = OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components()))
        .build();
    document.to_pretty_json().unwrap_or_default()
}

fn distinct_paths() -> Vec<&'static str> {
    let mut paths: Vec<&str> = ROUTES.iter().map(|r| r.path).collect();
    paths.dedup();
    paths
}

fn operation(route: &Route) -> OperationBuilder {
    let (status, schema) = route.success;
    let mut operation = OperationBuilder::new()
        .operation_id(Some(route.operation))
        .summary(Some(route.summary))
        .response(
            status.to_string(),
            answer("As asked.", "application/json", schema),
        )
        .response(
            "default",
            answer("Why not, and what to do.", Problem::MEDIA_TYPE, "Problem"),
        );
    if route.path.contains("{id}") {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name("id")
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(ObjectBuilder::new().schema_type(Type::String))),
        );
    }
    for parameter in route.query {
        operation = operation.parameter(query_parameter(*parameter));
    }
    let body = match route.body {
        BodyRule::None => None,
        BodyRule::Optional(schema) => Some((schema, Required::False)),
        BodyRule::Small(schema) | BodyRule::Large(schema) => Some((schema, Required::True)),
    };
    if let Some((schema, required)) = body {
        operation = operation.request_body(Some(
            RequestBodyBuilder::new()
                .content(
                    "application/json",
                    ContentBuilder::new()
                        .schema(Some(Ref::from_schema_name(schema)))
                        .build(),
                )
                .required(Some(required))
                .build(),
        ));
    }
    if route.admission == Admission::Key {
        operation = operation.security(SecurityRequirement::new("key", [] as [&str; 0]));
    }
    operation
}

fn query_parameter(parameter: Parameter) -> ParameterBuilder {
    let (description, required, schema) = match parameter {
        Parameter::Nonce => (
            "22 to 64 random characters of base64url.",
            Required::True,
            ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some("^[A-Za-z0-9_-]{22,64}$")),
        ),
        Parameter::Wait => (
            "So many seconds it may take until something changes.",
            Required::False,
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(0))
                .maximum(Some(60)),
        ),
        Parameter::Open => (
            "Only what is not final.",
            Required::False,
            ObjectBuilder::new().schema_type(Type::Boolean),
        ),
        Parameter::Limit => (
            "At most so many; 50 if absent.",
            Required::False,
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(1))
                .maximum(Some(200)),
        ),
    };
    ParameterBuilder::new()
        .name(parameter.name())
        .parameter_in(ParameterIn::Query)
        .description(Some(description))
        .required(required)
        .schema(Some(schema))
}

fn answer(description: &str, media_type: &str, schema: &str) -> ResponseBuilder {
    let schema: RefOr<Schema> = if schema.is_empty() {
        ObjectBuilder::new().into()
    } else {
        Ref::from_schema_name(schema).into()
    };
    ResponseBuilder::new().description(description).content(
        media_type,
        ContentBuilder::new().schema(Some(schema)).build(),
    )
}

fn components() -> Components {
    let mut schemas: Vec<(String, RefOr<Schema>)> = Vec::new();
    add::<Hello>("Hello", &mut schemas);
    add::<NewPairing>("NewPairing", &mut schemas);
    add::<Pairing>("Pairing", &mut schemas);
    add::<Connections>("Connections", &mut schemas);
    add::<NewProposal<Action>>("NewProposal", &mut schemas);
    add::<Action>("Action", &mut schemas);
    add::<Proposal>("Proposal", &mut schemas);
    add::<Proposals>("Proposals", &mut schemas);
    add::<Withdrawal>("Withdrawal", &mut schemas);
    add::<Problem>("Problem", &mut schemas);
    ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme(
            "key",
            SecurityScheme::Http(
                HttpBuilder::new()
                    .scheme(HttpAuthScheme::Bearer)
                    .bearer_format("ma1")
                    .description(Some("The key that the agent made and the human paired."))
                    .build(),
            ),
        )
        .build()
}

fn add<T: ToSchema + PartialSchema>(name: &str, schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((name.to_owned(), T::schema()));
    T::schemas(schemas);
}
