package tracker

import (
	"regexp"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"asapi/tasks"
)

// fromJSON reads a message; at stands before the names of its fields in faults.
func fromJSON(text []byte, m proto.Message, at string) error {
	err := protojson.Unmarshal(text, m)
	if err == nil {
		return nil
	}
	if wrong := wrongValue.FindStringSubmatch(worded(err)); wrong != nil {
		if path, f := fieldNamed(m.ProtoReflect().Descriptor(), wrong[1], at, 4); f != nil {
			return &tasks.Error{
				Code: tasks.CodeInvalid, Field: path, Err: err,
				Message: string(f.Name()) + " must be " + valuesOf(f) + ", not " + printable(wrong[2]) + ".",
			}
		}
	}
	return malformed(err)
}

// wrongValue is how the library writes that a field has a value which is none of its
// type: the field's name in JSON, and the value.
var wrongValue = regexp.MustCompile(`invalid value for \w+ field (\w+): (.*)$`)

// worded gives a fault as the library words it, with plain spaces: it writes them in
// changing kinds.
func worded(err error) string {
	return strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\u00a0", " "), "proto: ")
}

// malformed makes the fault of JSON that is none of its message.
func malformed(err error) error {
	return &tasks.Error{Code: tasks.CodeInvalid, Message: "The JSON does not fit the request: " + printable(worded(err)), Err: err}
}

func printable(text string) string { return strings.ToValidUTF8(tasks.Clip(text, 200), "?") }

// fieldNamed finds the field that has a name in JSON, in a message or the messages in
// it, and its path as faults tell it; nil: there is none.
func fieldNamed(d protoreflect.MessageDescriptor, name, at string, depth int) (string, protoreflect.FieldDescriptor) {
	fields := d.Fields()
	if f := fields.ByJSONName(name); f != nil && f.Message() == nil {
		return at + string(f.Name()), f
	}
	for i := range fields.Len() {
		f := fields.Get(i)
		if f.Message() == nil || depth == 0 {
			continue
		}
		if path, found := fieldNamed(f.Message(), name, at+string(f.Name())+".", depth-1); found != nil {
			return path, found
		}
	}
	return "", nil
}

// valuesOf says what a field may be.
func valuesOf(f protoreflect.FieldDescriptor) string {
	switch f.Kind() {
	case protoreflect.EnumKind:
		values := f.Enum().Values()
		names := make([]string, values.Len())
		for i := range names {
			names[i] = string(values.Get(i).Name())
		}
		return "one of " + strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	case protoreflect.BoolKind:
		return "true or false"
	case protoreflect.StringKind:
		return "a text"
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return "a number"
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return "a whole number of at most 2147483647"
	default:
		return "a whole number"
	}
}
