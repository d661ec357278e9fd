// Decodes the YAML on stdin into the types of Kubernetes, and allows nothing that they do not have: no unknown field, no
// field twice, no value of another type. Prints a line for each object. With a kind as the argument, such as
// "v1 Container", the text is one piece of a manifest, without apiVersion and kind.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

func main() {
	if err := decodeAll(os.Stdin, strings.Join(os.Args[1:], " ")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func decodeAll(from io.Reader, piece string) error {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{appsv1.AddToScheme, corev1.AddToScheme, policyv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	documents := utilyaml.NewYAMLReader(bufio.NewReader(from))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if piece == "v1 Container" {
			if err := yaml.UnmarshalStrict(document, &corev1.Container{}); err != nil {
				return err
			}
			fmt.Println(piece)
			continue
		}
		if err := decode(scheme, document); err != nil {
			return err
		}
	}
}

func decode(scheme *runtime.Scheme, document []byte) error {
	var kind metav1.TypeMeta
	if err := yaml.Unmarshal(document, &kind); err != nil {
		return err
	}
	object, err := scheme.New(kind.GroupVersionKind())
	if err != nil {
		return err
	}
	if err := yaml.UnmarshalStrict(document, object); err != nil {
		return fmt.Errorf("%s %s: %w", kind.APIVersion, kind.Kind, err)
	}
	named, isNamed := object.(metav1.Object)
	if !isNamed {
		return fmt.Errorf("%s %s has no name", kind.APIVersion, kind.Kind)
	}
	fmt.Printf("%s %s %s\n", kind.APIVersion, kind.Kind, named.GetName())
	return nil
}
