use super::*;

fn points(text: &str) -> Vec<Listed> {
    read(text, Protocol::Dnp3).unwrap()
}

fn wrong(text: &str) -> String {
    read(text, Protocol::Dnp3).unwrap_err()
}

#[test]
fn a_list_in_any_order_of_columns_names_points_by_group_and_index() {
    let list = "Index,Group,Name,Unit,Normal,Min,Max,Comment\n\
                7,12,52-1,,closed,,,bay 3\n\
                \n\
                3,30,busbar voltage,kV,,100,120.5,\n";
    let points = points(list);
    let [breaker, voltage] = points.as_slice() else { panic!("{points:?}") };
    assert_eq!(breaker.0, (Table::BINARY_OUTPUT.code, 7));
    assert_eq!(breaker.1.name, "52-1");
    assert_eq!(breaker.1.normal, Some(Normal::State("closed".to_owned())));
    assert_eq!(voltage.0, (Table::ANALOG_INPUT.code, 3));
    assert_eq!(voltage.1.unit.as_deref(), Some("kV"));
    assert_eq!((voltage.1.min, voltage.1.max), (Some(100.0), Some(120.5)));
}

#[test]
fn semicolons_tabs_a_byte_order_mark_and_quotes_are_what_spreadsheets_write() {
    for list in [
        "\u{feff}group;index;name;states\r\n1;0;\"52-1; aux\";0=open|1=closed\r\n",
        "group\tindex\tname\tstates\n1\t0\t52-1; aux\t0=open|1=closed\n",
    ] {
        let points = points(list);
        assert_eq!(points[0].0, (Table::BINARY_INPUT.code, 0), "{list}");
        assert_eq!(points[0].1.name, "52-1; aux");
        assert_eq!(points[0].1.states[&1], "closed");
    }
}

#[test]
fn groups_of_one_kind_of_point_are_one_table() {
    let code = |group: &str| points(&format!("group,index,name\n{group},1,a\n"))[0].0.0;
    assert_eq!(code("12"), code("g10v2"));
    assert_eq!(code("1"), code("2"));
    assert_ne!(code("1"), code("10"));
    assert_eq!(code("41"), Table::ANALOG_OUTPUT.code);
}

#[test]
fn a_control_and_its_state_under_one_name_are_one_point() {
    let points = points("group,index,name\n10,7,52-1\n12,7,52-1\n");
    assert_eq!(points.len(), 1);
    assert_eq!(points[0].0, (Table::BINARY_OUTPUT.code, 7));
}

#[test]
fn what_is_wrong_in_a_list_is_said_with_its_line_and_what_would_be_right() {
    for (list, said) in [
        ("group,index\n", "line 1: there is no column \"name\": name the columns, which may be"),
        ("group,indx,name\n", "line 1: column \"indx\" is not known: did you mean \"index\"?"),
        ("group,index,name\n12,x,52-1\n", "line 2: index \"x\" is no number: it is as on the wire"),
        ("group,index,name\n60,1,52-1\n", "line 2: there are no points of dnp3 in group \"60\""),
        ("group,index,name\n1,1,a\n2,1,b\n", "line 3: this point was listed in line 2 already, by"),
        ("group,index,name\n1,1,\"a\n1,2,b\n", "line 2: the name goes on in the next line"),
        ("group,index,name,scale\n30,1,a,0\n", "line 2: scale 0 makes every value the same"),
        ("group,index,name,min,max\n30,1,a,5,4\n", "line 2: the least value 5 is above the"),
        ("group,index,name,min\n30,1,a,\"1,5\"\n", "line 2: min \"1,5\" is no number: write"),
        (
            "group,index,name,normal,states\n1,1,a,opne,0=open|1=closed\n",
            "line 2: the normal state \"opne\" is not among the states (did you mean \"open\"?)",
        ),
        ("group,index,name\n1,1\n", "line 2: the name is missing"),
    ] {
        let wrong = wrong(list);
        assert!(wrong.starts_with(said), "{wrong}");
    }
}
