//! What stands on the doors: the routes, word for word, for review.

#[test]
fn the_routes_of_both_doors() {
    let mut text = String::from("The agents' door\n");
    for route in ma_api::routes() {
        let key = if route.needs_key { "key" } else { "open" };
        text.push_str(&format!(
            "{:4} {:30} {key:4} {}\n",
            route.method, route.path, route.summary
        ));
    }
    text.push_str("\nThe approval page\n");
    for (method, path, what) in ma_page::ROUTES {
        text.push_str(&format!("{method:4} {path:30} {what}\n"));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_two_doors_share_no_route() {
    for route in ma_api::routes() {
        assert!(route.path.starts_with("/v1/"), "{}", route.path);
    }
    for (_, path, _) in ma_page::ROUTES {
        assert!(!path.starts_with("/v1"), "{path}");
    }
}

#[test]
fn what_the_agents_door_refuses_with_a_fixed_text() {
    let mut text = String::new();
    for problem in ma_api::problems() {
        let value = serde_json::to_value(&problem).unwrap();
        text.push_str(&format!(
            "{} {}\n  {}\n  {}\n",
            value["status"],
            value["code"].as_str().unwrap(),
            value["detail"].as_str().unwrap(),
            value["next"].as_str().unwrap()
        ));
    }
    insta::assert_snapshot!(text);
}
