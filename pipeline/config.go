package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"

	"github.com/contactmerge/contactmerge/blocking"
	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/pipeline/normalize"
	"github.com/contactmerge/contactmerge/scoring"
)

// Config holds what changes the result of a run, and Workers, which does not. The zero value means the defaults.
type Config struct {
	Normalize NormalizeConfig `yaml:"normalize" json:"normalize"`
	Blocking  blocking.Config `yaml:"blocking" json:"blocking"`
	Scoring   scoring.Config  `yaml:"scoring" json:"scoring"`
	Clusters  cluster.Config  `yaml:"clusters" json:"clusters"`
	Breakers  cluster.Limits  `yaml:"breakers" json:"breakers"`
	// Workers is how many goroutines a stage may use. Default: the number of processors.
	Workers int `yaml:"workers" json:"-"`
}

// NormalizeConfig chooses how raw values are read.
type NormalizeConfig struct {
	Email normalize.EmailConfig `yaml:"email" json:"email"`
	Phone normalize.PhoneConfig `yaml:"phone" json:"phone"`
	Name  normalize.NameConfig  `yaml:"name" json:"name"`
}

// WithDefaults fills what is zero.
func (c Config) WithDefaults() Config {
	c.Normalize.Email = c.Normalize.Email.WithDefaults()
	c.Normalize.Phone = c.Normalize.Phone.WithDefaults()
	c.Blocking = c.Blocking.WithDefaults()
	c.Scoring = c.Scoring.WithDefaults()
	c.Clusters = c.Clusters.WithDefaults()
	c.Breakers = c.Breakers.WithDefaults()
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	return c
}

// Validate lists every problem.
func (c Config) Validate() error {
	errs := append(c.Blocking.Validate(), c.Scoring.Validate()...)
	errs = append(errs, c.Clusters.Validate(), c.Breakers.Validate())
	if c.Workers < 0 {
		errs = append(errs, fmt.Errorf("workers is %d, must not be negative", c.Workers))
	}
	return errors.Join(errs...)
}

// Fingerprint identifies the options that change results.
func (c Config) Fingerprint() string {
	b, err := json.Marshal(c.WithDefaults())
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
