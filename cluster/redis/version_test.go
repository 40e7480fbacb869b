package redis

import "testing"

func TestServersThatAreTooOldAreRefused(t *testing.T) {
	t.Parallel()
	for version, ok := range map[string]bool{
		"5.0.14": false, "6.0.20": false, "6.2.0": true, "7.0.15": true, "10.1": true,
		"": true, "unstable": true, // something else that speaks as Redis does
	} {
		if err := checkVersion(version); (err == nil) != ok {
			t.Errorf("%q: %v", version, err)
		}
	}
}
